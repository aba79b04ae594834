import { Command, Option } from 'commander'
import type { AdminRole } from '../../tenants/keys/admin-key-rows.ts'
import {
  type AdminKeyView,
  issueAdminKey,
  listAdminKeys,
  revokeAdminKey
} from '../../tenants/keys/admin-keys.ts'
import { adminKeyPepper } from '../../tenants/keys/api-key.ts'
import type { ProcessContext } from '../context.ts'
import { type ConfigOptions, type ListOptions, withConfigOptions, withListOptions } from '../input/options.ts'
import { type Expiry, expiry } from '../input/time-options.ts'
import { issuedKeyText } from '../output/issued-key.ts'
import { print, printPage } from '../output/print.ts'
import { type Column, shortTime } from '../output/table.ts'
import { withStore } from '../with-store.ts'

type IssueOptions = ConfigOptions & { readonly role: AdminRole; readonly expires?: Expiry }

/** `admin-key issue | list | revoke` */
export function adminKeyCommand(context: ProcessContext): Command {
  const noun = new Command('admin-key').description('the keys of administrators, for the admin listener')
  addIssue(noun, context)
  withListOptions(noun.command('list').description('list admin keys, oldest first')).action(
    async (options: ListOptions) => {
      const page = await withStore(context, options, ({ store, administration }) =>
        listAdminKeys(store, administration.clock(), options)
      )
      printPage(context, options, page, columns)
    }
  )
  withConfigOptions(
    noun.command('revoke').description('refuse an admin key from now on, for ever').argument('<key-id>')
  ).action(async (keyId: string, options: ConfigOptions) => {
    const key = await withStore(context, options, ({ administration }) =>
      revokeAdminKey(administration, keyId)
    )
    const state = key.changed ? 'is revoked' : `was already revoked, at ${shortTime(key.revoked_at)}`
    print(context, options, key, `Admin key ${keyId} of ${key.name} ${state}.\n`)
  })
  return noun
}

function addIssue(noun: Command, context: ProcessContext): void {
  const issue = noun
    .command('issue')
    .description('issue an admin key and print it, this once')
    .argument('<name>', 'whose it is, or what for')
    .addOption(
      new Option('--role <role>', 'a viewer reads, an operator reads and changes')
        .choices(['viewer', 'operator'])
        .makeOptionMandatory()
    )
    .option(
      '--expires <when>',
      'never, a duration such as 90d, a date, or an RFC 3339 time (default: never)',
      expiry
    )
  withConfigOptions(issue).action(async (name: string, options: IssueOptions) => {
    const issued = await withStore(context, options, async ({ administration, masterKey }) =>
      issueAdminKey(administration, adminKeyPepper(masterKey()), {
        name,
        role: options.role,
        expiresAt: options.expires?.(administration.clock()) ?? null
      })
    )
    print(context, options, issued, issuedKeyText(issued, { name: issued.name, role: issued.role }))
  })
}

const columns: readonly Column<AdminKeyView>[] = [
  ['KEY ID', key => key.key_id],
  ['NAME', key => key.name],
  ['ROLE', key => key.role],
  ['STATE', key => key.state],
  ['CREATED', key => shortTime(key.created_at)],
  ['EXPIRES', key => shortTime(key.expires_at)]
]
