import { credentialOperations } from '../../admin/operations/credentials.ts'
import { type CredentialView, viewsOf } from '../../custody/credential-views.ts'
import { openMasterKey } from '../../custody/crypto/master-key.ts'
import { readVerified } from '../../custody/manage/manifest.ts'
import { addCredential, removeCredential } from '../../custody/manage/operations.ts'
import { rewrapCredentials } from '../../custody/manage/rewrap.ts'
import { changeCredentials } from '../../custody/manage/transaction.ts'
import { shownReference } from '../../custody/secrets/reference.ts'
import { defineNoun, defineStoreCommand } from '../define-command.ts'
import { keyOptions, withNewVersion } from '../input/key.ts'
import { nameMeaning, option, required } from '../input/options.ts'
import { pageText } from '../output/print.ts'
import { shortTime } from '../output/table.ts'
import type { OpenedStore } from '../with-store.ts'
import { rotate } from './credential-rotate.ts'

const add = defineStoreCommand({
  usage: 'add <name>',
  summary: 'add an upstream credential: its key, sealed in the store, or a reference to it',
  meanings: nameMeaning,
  options: keyOptions,
  async run(opened, options, name) {
    await withNewVersion(opened, options, async ({ version }) =>
      changeCredentials(await opened.custody(), addCredential, name, version)
    )
    return (await listedIn(opened)).find(({ credential }) => credential === name)
  },
  text: view => `Credential ${view?.credential} is added (${view?.source}, ${view?.fingerprint}).\n`
})

const list = defineStoreCommand({
  usage: 'list',
  summary: credentialOperations.listCredentials.summary,
  run: async opened => ({ items: await listedIn(opened), next: null }),
  text: page =>
    pageText(page, [
      ['CREDENTIAL', view => view.credential],
      ['VERSION', view => String(view.version)],
      ['SOURCE', view => view.source],
      ['FINGERPRINT', view => view.fingerprint],
      ['SINCE', view => shortTime(view.since)],
      ['STANDBY', ({ standby }) => (standby ? `${standby.version} until ${shortTime(standby.until)}` : '-')]
    ])
})

const remove = defineStoreCommand({
  usage: 'remove <name>',
  summary: credentialOperations.removeCredential.summary,
  async run({ custody }, _, credential) {
    return { credential, version: changeCredentials(await custody(), removeCredential, credential) }
  },
  text: ({ credential }) => `Credential ${credential} is removed.\n`
})

const rewrap = defineStoreCommand({
  usage: 'rewrap',
  summary: 'encrypt all keys of the store under another master key, also while gateways run',
  options: {
    to: required(
      option('<reference>', 'the new master key: file:PATH (made when absent), env:NAME, exec:COMMAND')
    )
  },
  async run({ config, context, custody }, { to }) {
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

export const credentialCommand = defineNoun('credential', 'the upstream keys that the gateway holds', [
  add,
  list,
  rotate,
  remove,
  rewrap
])

async function listedIn({ store, masterKey, administration }: OpenedStore): Promise<CredentialView[]> {
  return viewsOf(readVerified(store.raw, await masterKey()).records, administration.clock())
}
