import { issueAdminKey, listAdminKeys, revokeAdminKey } from '../../tenants/keys/admin-keys.ts'
import { adminKeyPepper } from '../../tenants/keys/api-key.ts'
import { defineNoun, defineStoreCommand } from '../define-command.ts'
import { choice, pageOptions, required } from '../input/options.ts'
import { expiresOption } from '../input/time-options.ts'
import { issuedKeyText, revocation } from '../output/issued-key.ts'
import { pageText } from '../output/print.ts'
import { shortTime } from '../output/table.ts'

const issue = defineStoreCommand({
  usage: 'issue <name>',
  summary: 'issue an admin key and show it once',
  meanings: { '<name>': 'whose key it is, or what for' },
  options: {
    role: required(choice('<role>', 'a viewer reads, an operator reads and changes', ['viewer', 'operator'])),
    expires: expiresOption('never')
  },
  run: async ({ administration, masterKey }, { role, expires }, name) =>
    issueAdminKey(administration, adminKeyPepper(await masterKey()), {
      name,
      role,
      expiresAt: expires?.(administration.clock()) ?? null
    }),
  text: issued => issuedKeyText(issued, { name: issued.name, role: issued.role })
})

const list = defineStoreCommand({
  usage: 'list',
  summary: 'list admin keys, oldest first',
  options: pageOptions,
  run: ({ store, administration }, page) => listAdminKeys(store, administration.clock(), page),
  text: page =>
    pageText(page, [
      ['KEY ID', key => key.key_id],
      ['NAME', key => key.name],
      ['ROLE', key => key.role],
      ['STATE', key => key.state],
      ['CREATED', key => shortTime(key.created_at)],
      ['EXPIRES', key => shortTime(key.expires_at)]
    ])
})

const revoke = defineStoreCommand({
  usage: 'revoke <key-id>',
  summary: 'revoke an admin key for ever',
  run: ({ administration }, _, keyId) => revokeAdminKey(administration, keyId),
  text: key => `Admin key ${key.key_id} of ${key.name} ${revocation(key)}.\n`
})

export const adminKeyCommand = defineNoun('admin-key', 'the keys of administrators, for the admin listener', [
  issue,
  list,
  revoke
])
