import { Command } from 'commander'
import { credentialOperations } from '../../admin/operations/credentials.ts'
import { type CredentialView, viewsOf } from '../../custody/credential-views.ts'
import { openMasterKey } from '../../custody/crypto/master-key.ts'
import { readVerified } from '../../custody/manage/manifest.ts'
import { addCredential, removeCredential } from '../../custody/manage/operations.ts'
import { rewrapCredentials } from '../../custody/manage/rewrap.ts'
import { changeCredentials } from '../../custody/manage/transaction.ts'
import { shownReference } from '../../custody/secrets/reference.ts'
import type { ProcessContext } from '../context.ts'
import { defineStoreCommand } from '../define-command.ts'
import { type KeyOptions, withKeyOptions, withNewVersion } from '../input/key.ts'
import type { ConfigOptions } from '../input/options.ts'
import { pageText } from '../output/print.ts'
import { type Column, shortTime } from '../output/table.ts'
import type { OpenedStore } from '../with-store.ts'
import { rotate } from './credential-rotate.ts'

/** `credential add | list | rotate | remove | rewrap` */
export function credentialCommand(context: ProcessContext): Command {
  const list = defineStoreCommand(context, {
    usage: 'list',
    summary: credentialOperations.listCredentials.summary,
    run: async opened => ({ items: await listedIn(opened), next: null }),
    text: page => pageText(page, columns)
  })
  const remove = defineStoreCommand(context, {
    usage: 'remove <name>',
    summary: credentialOperations.removeCredential.summary,
    async run({ custody }, _, credential) {
      const { version } = changeCredentials(await custody(), removeCredential, credential)
      return { credential, version }
    },
    text: ({ credential }) => `Credential ${credential} is removed.\n`
  })
  return new Command('credential')
    .description('the upstream keys that the gateway holds')
    .addCommand(add(context))
    .addCommand(list)
    .addCommand(rotate(context))
    .addCommand(remove)
    .addCommand(rewrap(context))
}

function add(context: ProcessContext): Command {
  return defineStoreCommand(context, {
    usage: 'add',
    summary: 'add an upstream credential: its key, sealed in the store, or a reference to it',
    declare: command =>
      withKeyOptions(command.argument('<name>', 'a-z, 0-9, ".", "_" and "-", at most 63 characters')),
    async run(opened, options: KeyOptions, name) {
      await withNewVersion(context, options, opened, async ({ version }) =>
        changeCredentials(await opened.custody(), addCredential, name, version)
      )
      return (await listedIn(opened)).find(({ credential }) => credential === name)
    },
    text: view => `Credential ${view?.credential} is added (${view?.source}, ${view?.fingerprint}).\n`
  })
}

function rewrap(context: ProcessContext): Command {
  return defineStoreCommand(context, {
    usage: 'rewrap',
    summary: 'encrypt all keys of the store under another master key, also while gateways run',
    declare: command =>
      command.requiredOption(
        '--to <reference>',
        'the new master key: file:PATH (made when absent), env:NAME, exec:COMMAND'
      ),
    async run({ config, custody }, { to }: ConfigOptions & { readonly to: string }) {
      const administration = await custody()
      const masterKey = await openMasterKey(to, context.env, {
        createIfAbsent: true,
        isNew: true,
        environment: config.execEnvironment
      })
      const rewrapped = changeCredentials(administration, rewrapCredentials, masterKey, {
        from: config.masterKey,
        to
      })
      return { rewrapped, master_key: shownReference(to) }
    },
    text: ({ rewrapped, master_key }) =>
      `The root key and ${rewrapped} data keys are under the new master key. Now set GATEWAY_MASTER_KEY to\n` +
      `${master_key}, or put that key where GATEWAY_MASTER_KEY says. Running gateways go on meanwhile.\n`
  })
}

async function listedIn({ store, masterKey, administration }: OpenedStore): Promise<CredentialView[]> {
  return viewsOf(readVerified(store.raw, await masterKey()).records, administration.clock())
}

const columns: readonly Column<CredentialView>[] = [
  ['CREDENTIAL', view => view.credential],
  ['VERSION', view => String(view.version)],
  ['SOURCE', view => view.source],
  ['FINGERPRINT', view => view.fingerprint],
  ['SINCE', view => shortTime(view.since)],
  ['STANDBY', view => (view.standby ? `${view.standby.version} until ${shortTime(view.standby.until)}` : '-')]
]
