import { Command, Option } from 'commander'
import { issueKey, type KeyView, listKeys, revokeKey, rotateKey } from '../../tenants/keys/keys.ts'
import type { ProcessContext } from '../context.ts'
import { type ConfigOptions, type ListOptions, withConfigOptions, withListOptions } from '../input/options.ts'
import { durationMs, type Expiry, expiry } from '../input/time-options.ts'
import { issuedKeyText } from '../output/issued-key.ts'
import { print, printPage } from '../output/print.ts'
import { type Column, shortTime } from '../output/table.ts'
import { withStore } from '../with-store.ts'

type IssueOptions = ConfigOptions & { readonly expires?: Expiry }
type RotateOptions = IssueOptions & { readonly overlap: number }

const dayMs = durationMs('24h')
const expiryForm = 'never, a duration such as 90d, a date, or an RFC 3339 time'

/** `key issue | list | rotate | revoke` */
export function keyCommand(context: ProcessContext): Command {
  const noun = new Command('key').description('the API keys of tenants')
  addIssue(noun, context)
  withListOptions(
    noun.command('list').description("list a tenant's keys, oldest first").argument('<tenant>')
  ).action(async (tenant: string, options: ListOptions) => {
    const page = await withStore(context, options, ({ store, administration }) =>
      listKeys(store, tenant, administration.clock(), options)
    )
    printPage(context, options, page, columns)
  })
  addRotate(noun, context)
  withConfigOptions(
    noun.command('revoke').description('refuse a key from now on, for ever').argument('<key-id>')
  ).action(async (keyId: string, options: ConfigOptions) => {
    const key = await withStore(context, options, ({ administration }) => revokeKey(administration, keyId))
    print(
      context,
      options,
      key,
      key.changed
        ? `Key ${keyId} of tenant ${key.tenant} is revoked.\n`
        : `Key ${keyId} of tenant ${key.tenant} was already revoked, at ${shortTime(key.revoked_at)}.\n`
    )
  })
  return noun
}

function addIssue(noun: Command, context: ProcessContext): void {
  const issue = noun
    .command('issue')
    .description('issue a key to a tenant and print it, this once')
    .argument('<tenant>')
    .option('--expires <when>', `${expiryForm} (default: never)`, expiry)
  withConfigOptions(issue).action(async (tenant: string, options: IssueOptions) => {
    const issued = await withStore(context, options, async ({ administration, pepper }) =>
      issueKey(administration, pepper(), tenant, options.expires?.(administration.clock()) ?? null)
    )
    print(context, options, issued, issuedKeyText(issued, { tenant: issued.tenant }))
  })
}

function addRotate(noun: Command, context: ProcessContext): void {
  const rotate = noun
    .command('rotate')
    .description('issue a key in place of another, which works on for a while')
    .argument('<key-id>', 'the key to replace')
    .addOption(
      new Option('--overlap <duration>', 'how long the old key still works, e.g. 0s')
        .argParser(durationMs)
        .default(dayMs, '24h')
    )
    .option('--expires <when>', `${expiryForm} (default: as long a life as the old key had)`, expiry)
  withConfigOptions(rotate).action(async (keyId: string, options: RotateOptions) => {
    const issued = await withStore(context, options, async ({ administration, pepper }) =>
      rotateKey(administration, pepper(), keyId, {
        overlapMs: options.overlap,
        expiresAt: options.expires?.(administration.clock())
      })
    )
    const old = `Key ${keyId} works until ${shortTime(issued.replaces.expires_at)}.\n`
    print(context, options, issued, `${issuedKeyText(issued, { tenant: issued.tenant })}${old}`)
  })
}

const columns: readonly Column<KeyView>[] = [
  ['KEY ID', key => key.key_id],
  ['STATE', key => key.state],
  ['CREATED', key => shortTime(key.created_at)],
  ['EXPIRES', key => shortTime(key.expires_at)],
  ['LAST USED', key => shortTime(key.last_used_at)]
]
