import { Type } from '@sinclair/typebox'
import type { CredentialState, CredentialStatuses } from '../../admin/credential-status.ts'
import type { CommandExecutor } from '../../admin/execute-command.ts'
import { adminHeaders, adminSecurity, CredentialName, Time } from '../../contract/admin-schemas.ts'
import { limitFault, Page, pageQuery, pageSchema } from '../../contract/page-schemas.ts'
import { noQuery, strict } from '../../contract/schemas.ts'
import { administratorOf } from '../../plugins/admin/admin-auth.ts'
import { adminFailures } from '../../plugins/admin/admin-problems.ts'
import type { Route } from '../../plugins/scope.ts'

const OfCredential = Type.Object({ credential: CredentialName }, strict)

const facts = {
  credential: CredentialName,
  version: Type.Integer(),
  source: Type.String({ description: 'sealed, or where the key is; of a command its first word' }),
  fingerprint: Type.String({ description: 'what tells the key from others; it says nothing of the key' }),
  since: Time,
  follows_setting: Type.Boolean({ description: 'true when it is made from GATEWAY_UPSTREAM_KEY' }),
  standby: Type.Union([Type.Object({ version: Type.Integer(), until: Time }), Type.Null()], {
    description: 'the version before, tried when the upstream refuses the active one'
  }),
  state: Type.Unsafe<CredentialState>({
    type: 'string',
    enum: ['usable', 'sealed', 'refused'],
    description:
      'in this process; sealed: its key cannot be opened; refused: the upstream has refused it three times in a row'
  })
}
const Credential = Type.Object(facts)
const CredentialShown = Type.Object(facts, {
  description: 'The credential, never its key.',
  headers: adminHeaders
})
const CredentialRemoved = Type.Object(
  { credential: CredentialName, version: Type.Integer() },
  { description: 'The version that it had.', headers: adminHeaders }
)

type Dependencies = {
  credentials: Pick<CredentialStatuses, 'list' | 'show'>
  administration: Pick<CommandExecutor, 'execute'>
}

const shared = { tags: ['credentials'], security: adminSecurity }

/** /admin/credentials: the upstream credentials that this process holds. No key comes in or goes out here. */
export const adminCredentials: Route<Dependencies> = (scope, dependencies) => {
  addReads(scope, dependencies)
  addRemoval(scope, dependencies)
}

const addReads: Route<Dependencies> = (scope, { credentials }) => {
  scope.get(
    '/credentials',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'listCredentials',
        summary: 'The upstream credentials by name, never their keys',
        ...shared,
        querystring: Type.Object(pageQuery, strict),
        response: {
          200: Page(Credential, { description: 'Credentials.', headers: adminHeaders }),
          ...adminFailures({ fault: limitFault, asks: 'memory', refusals: ['cursor_invalid'] })
        }
      }
    },
    function listCredentials(request) {
      return credentials.list(pageSchema(request.query))
    }
  )

  scope.get(
    '/credentials/:credential',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'showCredential',
        summary: 'One upstream credential, never its key',
        ...shared,
        params: OfCredential,
        querystring: noQuery,
        response: {
          200: CredentialShown,
          ...adminFailures({ asks: 'memory', refusals: ['credential_not_found'] })
        }
      }
    },
    function showCredential(request) {
      return credentials.show(request.params.credential)
    }
  )
}

const addRemoval: Route<Dependencies> = (scope, { administration }) => {
  scope.delete(
    '/credentials/:credential',
    {
      config: { role: 'operator' },
      schema: {
        operationId: 'removeCredential',
        summary: 'Remove a credential that no tenant uses, and its keys, for ever',
        ...shared,
        params: OfCredential,
        querystring: noQuery,
        response: {
          200: CredentialRemoved,
          ...adminFailures({
            asks: 'change',
            problems: ['media_type_unsupported'],
            refusals: ['credential_not_found', 'credential_in_use']
          })
        }
      }
    },
    async function removeCredential(request) {
      const { name, version } = await administration.execute(administratorOf(request), 'removeCredential', {
        name: request.params.credential
      })
      return { credential: name, version }
    }
  )
}
