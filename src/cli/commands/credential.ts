import { Command } from 'commander'
import { type CredentialView, viewsOf } from '../../custody/credential-views.ts'
import { openMasterKey } from '../../custody/crypto/master-key.ts'
import { readProven } from '../../custody/manage/manifest.ts'
import { addCredential, removeCredential } from '../../custody/manage/operations.ts'
import { rewrapCredentials } from '../../custody/manage/rewrap.ts'
import { changeCredentials } from '../../custody/manage/transaction.ts'
import { shownReference } from '../../custody/secrets/reference.ts'
import type { ProcessContext } from '../context.ts'
import { type KeyOptions, newVersionInput, withKeyOptions } from '../input/key.ts'
import { type ConfigOptions, withConfigOptions } from '../input/options.ts'
import { print, printPage } from '../output/print.ts'
import { type Column, shortTime } from '../output/table.ts'
import { type OpenedStore, withStore } from '../with-store.ts'
import { addRotate } from './credential-rotate.ts'

/** `credential add | list | rotate | remove | rewrap` */
export function credentialCommand(context: ProcessContext): Command {
  const noun = new Command('credential').description('the upstream keys that the gateway holds')
  addAdd(noun, context)
  addList(noun, context)
  addRotate(noun, context)
  addRemove(noun, context)
  addRewrap(noun, context)
  return noun
}

function addAdd(noun: Command, context: ProcessContext): void {
  const add = noun
    .command('add')
    .description('add an upstream credential: its key, sealed in the store, or a reference to it')
    .argument('<name>', 'a-z, 0-9, ".", "_" and "-", at most 63 characters')
  withConfigOptions(withKeyOptions(add)).action(async (name: string, options: KeyOptions) => {
    const view = await withStore(context, options, async opened => {
      const { version, material } = await newVersionInput(context, options, opened)
      try {
        changeCredentials(opened.custody(), addCredential, name, version)
      } finally {
        version.secret?.fill(0)
        material.discard()
      }
      return viewOf(opened, name)
    })
    print(context, options, view, `Credential ${name} is added (${view?.source}, ${view?.fingerprint}).\n`)
  })
}

function addList(noun: Command, context: ProcessContext): void {
  withConfigOptions(noun.command('list').description('list the credentials, never their keys')).action(
    async (options: ConfigOptions) => {
      const items = await withStore(context, options, async opened => listedIn(opened))
      printPage(context, options, { items, next: null }, columns)
    }
  )
}

function addRemove(noun: Command, context: ProcessContext): void {
  withConfigOptions(
    noun.command('remove').description('remove a credential and its keys, for ever').argument('<name>')
  ).action(async (name: string, options: ConfigOptions) => {
    const removed = await withStore(context, options, async ({ custody }) =>
      changeCredentials(custody(), removeCredential, name)
    )
    print(
      context,
      options,
      { credential: name, version: removed.version },
      `Credential ${name} is removed.\n`
    )
  })
}

function addRewrap(noun: Command, context: ProcessContext): void {
  const rewrap = noun
    .command('rewrap')
    .description('put all keys of the store under another master key, also while gateways run')
    .requiredOption(
      '--to <reference>',
      'the new master key: file:PATH (made when absent), env:NAME, exec:COMMAND'
    )
  withConfigOptions(rewrap).action(async (options: ConfigOptions & { readonly to: string }) => {
    const wrapped = await withStore(context, options, async ({ config, custody }) => {
      const administration = custody()
      const masterKey = openMasterKey(options.to, context.env, {
        createIfAbsent: true,
        isNew: true,
        environment: config.execEnvironment
      })
      return changeCredentials(administration, rewrapCredentials, masterKey, {
        from: config.masterKey,
        to: options.to
      })
    })
    print(
      context,
      options,
      { rewrapped: wrapped, master_key: shownReference(options.to) },
      `The root key and ${wrapped} data keys are under the new master key. Now set GATEWAY_MASTER_KEY to\n` +
        `${shownReference(options.to)}, or put that key where GATEWAY_MASTER_KEY says. Running gateways go on meanwhile.\n`
    )
  })
}

function listedIn({ store, masterKey, administration }: OpenedStore): CredentialView[] {
  return viewsOf(readProven(store.raw, masterKey()).records, administration.clock())
}

function viewOf(opened: OpenedStore, name: string): CredentialView | undefined {
  return listedIn(opened).find(({ credential }) => credential === name)
}

const columns: readonly Column<CredentialView>[] = [
  ['CREDENTIAL', view => view.credential],
  ['VERSION', view => String(view.version)],
  ['SOURCE', view => view.source],
  ['FINGERPRINT', view => view.fingerprint],
  ['SINCE', view => shortTime(view.since)],
  ['STANDBY', view => (view.standby ? `${view.standby.version} until ${shortTime(view.standby.until)}` : '-')]
]
