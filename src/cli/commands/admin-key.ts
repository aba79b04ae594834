import { Command, Option } from 'commander'
import type { AdminRole } from '../../tenants/keys/admin-key-rows.ts'
import { issueAdminKey, listAdminKeys, revokeAdminKey } from '../../tenants/keys/admin-keys.ts'
import { adminKeyPepper } from '../../tenants/keys/api-key.ts'
import type { ProcessContext } from '../context.ts'
import { defineStoreCommand } from '../define-command.ts'
import { type ListOptions, withPageOptions } from '../input/options.ts'
import { type ExpiryOptions, expiry, expiryForm } from '../input/time-options.ts'
import { issuedKeyText, revocation } from '../output/issued-key.ts'
import { pageText } from '../output/print.ts'
import { shortTime } from '../output/table.ts'

type IssueOptions = ExpiryOptions & { readonly role: AdminRole }

/** `admin-key issue | list | revoke` */
export function adminKeyCommand(context: ProcessContext): Command {
  const list = defineStoreCommand(context, {
    usage: 'list',
    summary: 'list admin keys, oldest first',
    declare: withPageOptions,
    run: ({ store, administration }, page: ListOptions) => listAdminKeys(store, administration.clock(), page),
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
  const revoke = defineStoreCommand(context, {
    usage: 'revoke <key-id>',
    summary: 'revoke an admin key for ever',
    run: ({ administration }, _, keyId) => revokeAdminKey(administration, keyId),
    text: key => `Admin key ${key.key_id} of ${key.name} ${revocation(key)}.\n`
  })
  return new Command('admin-key')
    .description('the keys of administrators, for the admin listener')
    .addCommand(issue(context))
    .addCommand(list)
    .addCommand(revoke)
}

function issue(context: ProcessContext): Command {
  return defineStoreCommand(context, {
    usage: 'issue',
    summary: 'issue an admin key and show it once',
    declare: command =>
      command
        .argument('<name>', 'whose key it is, or what for')
        .addOption(
          new Option('--role <role>', 'a viewer reads, an operator reads and changes')
            .choices(['viewer', 'operator'])
            .makeOptionMandatory()
        )
        .option('--expires <when>', `${expiryForm} (default: never)`, expiry),
    run: async ({ administration, masterKey }, { role, expires }: IssueOptions, name) =>
      issueAdminKey(administration, adminKeyPepper(await masterKey()), {
        name,
        role,
        expiresAt: expires?.(administration.clock()) ?? null
      }),
    text: issued => issuedKeyText(issued, { name: issued.name, role: issued.role })
  })
}
