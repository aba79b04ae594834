import { keyOperations } from '../../admin/operations/keys.ts'
import { issueKey, listKeys, revokeKey, rotateKey } from '../../tenants/keys/keys.ts'
import { defineNoun, defineStoreCommand } from '../define-command.ts'
import { optionOr, pageOptions } from '../input/options.ts'
import { durationMs, expiresOption } from '../input/time-options.ts'
import { issuedKeyText, revocation } from '../output/issued-key.ts'
import { pageText } from '../output/print.ts'
import { shortTime } from '../output/table.ts'

const issue = defineStoreCommand({
  usage: 'issue <tenant>',
  summary: keyOperations.issueKey.summary,
  options: { expires: expiresOption('never') },
  run: async ({ administration, pepper }, { expires }, tenant) =>
    issueKey(administration, await pepper(), tenant, expires?.(administration.clock()) ?? null),
  text: issued => issuedKeyText(issued, { tenant: issued.tenant })
})

const list = defineStoreCommand({
  usage: 'list <tenant>',
  summary: keyOperations.listKeys.summary,
  options: pageOptions,
  run: ({ store, administration }, page, tenant) => listKeys(store, tenant, administration.clock(), page),
  text: page =>
    pageText(page, [
      ['KEY ID', key => key.key_id],
      ['STATE', key => key.state],
      ['CREATED', key => shortTime(key.created_at)],
      ['EXPIRES', key => shortTime(key.expires_at)],
      ['LAST USED', key => shortTime(key.last_used_at)]
    ])
})

const rotate = defineStoreCommand({
  usage: 'rotate <key-id>',
  summary: keyOperations.rotateKey.summary,
  meanings: { '<key-id>': 'the key to replace' },
  options: {
    overlap: optionOr('24h', '<duration>', 'how long the old key still works, e.g. 0s', durationMs),
    expires: expiresOption('as long a life as the old key had')
  },
  run: async ({ administration, pepper }, { overlap, expires }, keyId) =>
    rotateKey(administration, await pepper(), keyId, {
      overlapMs: overlap,
      expiresAt: expires?.(administration.clock())
    }),
  text: ({ replaces, ...issued }) =>
    `${issuedKeyText(issued, { tenant: issued.tenant })}Key ${replaces.key_id} works until ${shortTime(replaces.expires_at)}.\n`
})

const revoke = defineStoreCommand({
  usage: 'revoke <key-id>',
  summary: keyOperations.revokeKey.summary,
  run: ({ administration }, _, keyId) => revokeKey(administration, keyId),
  text: key => `Key ${key.key_id} of tenant ${key.tenant} ${revocation(key)}.\n`
})

export const keyCommand = defineNoun('key', 'the API keys of tenants', [issue, list, rotate, revoke])
