import { Command, Option } from 'commander'
import { keyOperations } from '../../admin/operations/keys.ts'
import { issueKey, listKeys, revokeKey, rotateKey } from '../../tenants/keys/keys.ts'
import type { ProcessContext } from '../context.ts'
import { defineStoreCommand } from '../define-command.ts'
import { type ListOptions, withPageOptions } from '../input/options.ts'
import { durationMs, type ExpiryOptions, expiry, expiryForm } from '../input/time-options.ts'
import { issuedKeyText, revocation } from '../output/issued-key.ts'
import { pageText } from '../output/print.ts'
import { shortTime } from '../output/table.ts'

type RotateOptions = ExpiryOptions & { readonly overlap: number }

const dayMs = durationMs('24h')

/** `key issue | list | rotate | revoke` */
export function keyCommand(context: ProcessContext): Command {
  const issue = defineStoreCommand(context, {
    usage: 'issue <tenant>',
    summary: keyOperations.issueKey.summary,
    declare: command => command.option('--expires <when>', `${expiryForm} (default: never)`, expiry),
    run: async ({ administration, pepper }, { expires }: ExpiryOptions, tenant) =>
      issueKey(administration, await pepper(), tenant, expires?.(administration.clock()) ?? null),
    text: issued => issuedKeyText(issued, { tenant: issued.tenant })
  })
  const list = defineStoreCommand(context, {
    usage: 'list <tenant>',
    summary: keyOperations.listKeys.summary,
    declare: withPageOptions,
    run: ({ store, administration }, page: ListOptions, tenant) =>
      listKeys(store, tenant, administration.clock(), page),
    text: page =>
      pageText(page, [
        ['KEY ID', key => key.key_id],
        ['STATE', key => key.state],
        ['CREATED', key => shortTime(key.created_at)],
        ['EXPIRES', key => shortTime(key.expires_at)],
        ['LAST USED', key => shortTime(key.last_used_at)]
      ])
  })
  const revoke = defineStoreCommand(context, {
    usage: 'revoke <key-id>',
    summary: keyOperations.revokeKey.summary,
    run: ({ administration }, _, keyId) => revokeKey(administration, keyId),
    text: key => `Key ${key.key_id} of tenant ${key.tenant} ${revocation(key)}.\n`
  })
  return new Command('key')
    .description('the API keys of tenants')
    .addCommand(issue)
    .addCommand(list)
    .addCommand(rotate(context))
    .addCommand(revoke)
}

function rotate(context: ProcessContext): Command {
  return defineStoreCommand(context, {
    usage: 'rotate',
    summary: keyOperations.rotateKey.summary,
    declare: command =>
      command
        .argument('<key-id>', 'the key to replace')
        .addOption(
          new Option('--overlap <duration>', 'how long the old key still works, e.g. 0s')
            .argParser(durationMs)
            .default(dayMs, '24h')
        )
        .option('--expires <when>', `${expiryForm} (default: as long a life as the old key had)`, expiry),
    run: async ({ administration, pepper }, { overlap, expires }: RotateOptions, keyId) =>
      rotateKey(administration, await pepper(), keyId, {
        overlapMs: overlap,
        expiresAt: expires?.(administration.clock())
      }),
    text: ({ replaces, ...issued }) =>
      `${issuedKeyText(issued, { tenant: issued.tenant })}Key ${replaces.key_id} works until ${shortTime(replaces.expires_at)}.\n`
  })
}
