import type { AdminChange, AdminKind } from '../../../src/ledger/entry/admin-change.ts'
import type { ValueName } from '../../../src/ledger/entry/changed-values.ts'
import type { EntryFields, EntryKind, LedgerEntry } from '../../../src/ledger/entry/entry.ts'

/** What each kind records. The compiler refuses a kind that is missing here. */
export const kindMeanings: Record<Exclude<EntryKind, `admin.${string}`> | AdminKind, string> = {
  'call.intent': 'who asks for what; on disk before anything is sent upstream',
  'call.outcome': 'how the call ended; on disk before the answer',
  'call.rejected': 'a request that was refused before an intent; past a rate one entry counts many',
  'writer.opened': 'a chain begins',
  'writer.closed': 'a gateway drained and ended its chain',
  'writer.recovered': 'the chain of a crashed process was ended',
  checkpoint:
    'where the chains stand; once a minute when there is something new, and after a fault of the store',
  'admin.tenant.create': 'a new tenant',
  'admin.tenant.update': 'settings of a tenant',
  'admin.tenant.disable': 'a tenant was disabled',
  'admin.tenant.enable': 'a tenant was enabled',
  'admin.grant.add': 'a connector, or * for every one, was granted',
  'admin.grant.remove': 'a grant was removed',
  'admin.key.issue': 'a new key of a tenant',
  'admin.key.rotate': 'a key has a successor and an end',
  'admin.key.revoke': 'a key was revoked',
  'admin.admin_key.issue': 'a new admin key',
  'admin.admin_key.revoke': 'an admin key was revoked',
  'admin.credential.add': 'a new upstream credential',
  'admin.credential.change':
    'the reference of a credential gave another key, or the setting another reference',
  'admin.credential.rotate': 'a credential has a new version',
  'admin.credential.revert':
    'a gateway went back to the version before, as the upstream rejected the new key',
  'admin.credential.rewrap': 'all credentials are under another master key',
  'admin.credential.remove': 'a credential was removed',
  'admin.ledger.prune': 'the oldest entries went into an archive'
}

/** The names that `EntryFields` and changes declare, without those that any entry may add. */
type Declared<T> = keyof { [Name in keyof T as string extends Name ? never : Name]: true }
type ChangeMember = AdminChange extends infer Change ? (Change extends unknown ? keyof Change : never) : never
/** Members that single kinds add. */
type Extra =
  | ('signer' | 'signature' | 'role' | 'version' | 'pid' | 'recovered' | 'head' | 'open_calls')
  | ('count' | 'first_at' | 'last_at' | 'per_second' | 'actor' | 'actor_host' | 'actor_sudo')
type Member = Declared<EntryFields> | Declared<LedgerEntry> | ChangeMember | Extra

type Meaning = { readonly in: readonly string[]; readonly form: string; readonly meaning: string }

const every = ['*']
const signed = ['writer.*', 'checkpoint', 'admin.*']

/** What each member holds, and which kinds have it. The compiler refuses a member that is missing here. */
export const memberMeanings: Record<Member, Meaning> = {
  writer: { in: every, form: 'UUIDv7', meaning: 'the process, or the change, whose chain this is' },
  seq: { in: every, form: 'integer', meaning: 'position in the chain, from 1 without gaps' },
  at: { in: every, form: 'RFC 3339, ms, UTC', meaning: 'when the entry was made' },
  kind: { in: every, form: 'text', meaning: 'one of the kinds above' },
  request_id: {
    in: ['call.*', 'admin.*'],
    form: 'UUIDv7',
    meaning: 'the `X-Request-Id` of the answer; of a change, only when it came over HTTP'
  },
  tenant: {
    in: ['call.*', 'admin.*'],
    form: 'text',
    meaning: 'the caller, as far as it proved who it is; the tenant that was changed'
  },
  key_id: {
    in: ['call.*', 'admin.*'],
    form: 'text',
    meaning:
      'the key that called or that was changed; `jwt:ISSUER` for a token, `mtls:FINGERPRINT` for a certificate'
  },
  connector_id: { in: ['call.*', 'admin.grant.*'], form: 'UUID or *', meaning: 'the connector' },
  operation: {
    in: ['call.*'],
    form: 'text',
    meaning: '`connector.sync`, or the read by which a key was verified'
  },
  attempt: {
    in: ['call.intent', 'call.outcome'],
    form: 'integer',
    meaning: '1; 2 for the attempt with the other version of a rejected credential'
  },
  client_ip: { in: ['call.*'], form: 'address', meaning: 'the caller, behind trusted proxies' },
  request: {
    in: ['call.intent', 'call.outcome'],
    form: '{date_limit?}',
    meaning: 'what was asked for, as sent upstream'
  },
  credential: {
    in: ['call.intent', 'call.outcome', 'admin.credential.*'],
    form: 'name@version',
    meaning: 'the upstream credential, never its key'
  },
  status: {
    in: ['call.outcome', 'call.rejected'],
    form: 'integer',
    meaning: 'HTTP status of the answer; absent when nobody was there to be answered'
  },
  code: {
    in: ['call.outcome', 'call.rejected'],
    form: 'text',
    meaning:
      '`accepted`, a [problem code](problems.md), `outcome_unknown` (a crash left the call open), or `client_disconnected` (the caller left before anything was sent)'
  },
  upstream_status: { in: ['call.outcome'], form: 'integer', meaning: "HTTP status of the upstream's answer" },
  upstream_request_id: { in: ['call.outcome'], form: 'text', meaning: "the upstream's id of the request" },
  duration_ms: {
    in: ['call.outcome'],
    form: 'integer',
    meaning: 'milliseconds from the arrival of the request'
  },
  prev: {
    in: every,
    form: '64 hex digits',
    meaning: 'hash of the entry before in this chain; zeros in the first'
  },
  hash: { in: every, form: '64 hex digits', meaning: 'of this entry; see [the format](../ledger-format.md)' },
  cause: {
    in: ['call.outcome'],
    form: 'text',
    meaning: 'why the upstream could not be reached, or how the connection ended'
  },
  forwarded: {
    in: ['call.outcome'],
    form: 'no, yes, unknown',
    meaning: 'whether the call reached the upstream'
  },
  incident: {
    in: ['call.outcome'],
    form: 'text',
    meaning: "`credential_echoed`: the upstream's answer held one of the gateway's keys"
  },
  limit: {
    in: ['call.outcome', 'call.rejected'],
    form: 'text',
    meaning:
      'whose limit refused the call: `tenant`, `unauthenticated`, `credential_budget`, `egress_budget` or `upstream`'
  },
  reason: {
    in: ['call.rejected'],
    form: 'text',
    meaning: 'why the caller was not admitted; [callers](../callers.md) lists the reasons'
  },
  upstream_ms: {
    in: ['call.outcome'],
    form: 'integer',
    meaning: 'milliseconds of `duration_ms` that the exchange with the upstream took'
  },
  upstream_state: {
    in: ['call.outcome'],
    form: 'text',
    meaning: "the `status` in the upstream's valid answer: letters and underscores, 32 at most"
  },
  count: { in: ['call.rejected'], form: 'integer', meaning: 'how many requests the entry counts' },
  first_at: { in: ['call.rejected'], form: 'RFC 3339', meaning: 'when the first of them came' },
  last_at: { in: ['call.rejected'], form: 'RFC 3339', meaning: 'when the last of them came' },
  per_second: {
    in: ['call.rejected'],
    form: 'list of integers',
    meaning: 'how many in each second from that of `first_at` on, where that is more than one second'
  },
  role: {
    in: ['writer.opened'],
    form: 'text',
    meaning: '`gateway`, `cli`, or `admin` for one change that a gateway makes'
  },
  version: { in: ['writer.opened'], form: 'text', meaning: 'of the program' },
  pid: { in: ['writer.opened'], form: 'integer', meaning: 'of the process' },
  recovered: { in: ['writer.recovered'], form: 'UUIDv7', meaning: 'the writer whose chain was ended' },
  head: { in: ['writer.recovered'], form: '{seq, hash}', meaning: 'the last entry of that chain' },
  open_calls: { in: ['writer.recovered'], form: 'integer', meaning: 'how many of its calls had no outcome' },
  actor: {
    in: ['admin.*'],
    form: 'text',
    meaning: '`cli:USER`, `admin-key:KEY_ID`, or `gateway` for what it does by itself'
  },
  actor_host: { in: ['admin.*'], form: 'text', meaning: 'the machine on which the command ran' },
  actor_sudo: { in: ['admin.*'], form: 'text', meaning: 'who became that user, as `SUDO_USER` says' },
  fields: { in: ['admin.*'], form: 'list of names', meaning: 'the fields that changed' },
  before: { in: ['admin.*'], form: 'values', meaning: 'old values of what changed; absent in a creation' },
  after: {
    in: ['admin.*', 'writer.opened', 'checkpoint'],
    form: 'values, or {writer, seq, hash}',
    meaning:
      'of a change: new values, absent in a removal; of a writer: the newest entry of the whole ledger, which this one vouches for'
  },
  generation: {
    in: ['admin.credential.*'],
    form: 'integer',
    meaning: 'how often credentials have changed; it shows an older state that was put back'
  },
  cut: {
    in: ['admin.ledger.prune'],
    form: '{position, before, heads, open}',
    meaning: 'where the ledger was pruned: see [the format](../ledger-format.md)'
  },
  archive: {
    in: ['admin.ledger.prune'],
    form: '{entries, sha256}',
    meaning: 'the archive that holds the pruned entries'
  },
  signer: { in: signed, form: 'base64url', meaning: 'the Ed25519 public key of who signed the entry' },
  signature: { in: signed, form: 'base64url', meaning: 'covers the entry, and so the chain up to it' }
}

/** What `before` and `after` of a change may hold. The compiler refuses a name that is missing here. */
export const valueMeanings: Record<ValueName, string> = {
  rate_per_minute: 'calls per minute of a tenant',
  burst: 'calls that may come at once',
  operations: 'operations of a tenant',
  addresses: 'address ranges from which a tenant may call',
  credentials: 'credentials of a tenant, in order',
  disabled: 'whether the tenant is disabled',
  connector: 'what was granted',
  expires_at: 'when the key expires',
  revoked_at: 'when the key was revoked',
  replaced_by: 'id of the key that took its place',
  name: 'of an admin key',
  role: 'of an admin key',
  source: 'where the key of a credential is: the store, or its reference (of a command the first word)',
  active: 'the version in use',
  standby: 'the version kept for a way back',
  standby_until: 'how long it is kept',
  master_key: 'a fingerprint of the master key',
  data_keys: 'how many data keys were wrapped again'
}

/** Whether the reference says that entries of this kind may have this member. */
export function isDescribed(kind: string, member: string): boolean {
  const meaning = Object.hasOwn(memberMeanings, member) ? memberMeanings[member as Member] : undefined
  return meaning?.in.some(pattern => isOf(kind, pattern)) ?? false
}

function isOf(kind: string, pattern: string): boolean {
  return pattern.endsWith('*') ? kind.startsWith(pattern.slice(0, -1)) : kind === pattern
}
