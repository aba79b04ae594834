import { Type } from '@sinclair/typebox'
import { CredentialName, Time } from '../../contract/admin-schemas.ts'
import { OneOf } from '../../contract/schemas.ts'
import { type AdminOperation, list } from './operation.ts'

const facts = {
  credential: CredentialName,
  version: Type.Integer(),
  source: Type.String({ description: 'sealed, or the reference; of a command its first word' }),
  fingerprint: Type.String({ description: 'distinguishes the key from others, and reveals nothing of it' }),
  since: Time,
  follows_setting: Type.Boolean({ description: 'true when GATEWAY_UPSTREAM_KEY gives it' }),
  standby: Type.Union([Type.Object({ version: Type.Integer(), until: Time }), Type.Null()], {
    description: 'the previous version, tried when the upstream refuses the active one'
  }),
  state: OneOf(
    ['usable', 'sealed', 'refused'],
    'in this process; sealed: its key cannot be opened; refused: the upstream has refused it three times in a row'
  )
}
const Credential = Type.Object(facts)
const CredentialShown = Type.Object(facts, { description: 'The credential, never its key.' })
const CredentialRemoved = Type.Object(
  { credential: CredentialName, version: Type.Integer() },
  { description: 'The version that was removed.' }
)

/** The upstream credentials that this process holds. No key comes in or goes out here. */
export const credentialOperations = {
  listCredentials: {
    ...list('GET /credentials', 'List the upstream credentials, never their keys', Credential),
    fromMemory: true
  },
  showCredential: {
    fromMemory: true,
    route: 'GET /credentials/:credential',
    summary: 'Show an upstream credential, never its key',
    result: CredentialShown
  },
  removeCredential: {
    route: 'DELETE /credentials/:credential',
    summary: 'Remove a credential that no tenant uses, and its keys, for ever',
    result: CredentialRemoved,
    refusals: ['credential_in_use']
  }
} as const satisfies Record<string, AdminOperation>
