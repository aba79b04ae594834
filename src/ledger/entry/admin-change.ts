import type { PrunePoint } from '../retention/prune-point.ts'
import type { ChangedValues } from './changed-values.ts'

/** Every kind of administrative change, and whether its entry holds new values, old ones or both. */
export const adminKinds = {
  'admin.tenant.create': 'creates',
  'admin.tenant.update': 'changes',
  'admin.tenant.disable': 'changes',
  'admin.tenant.enable': 'changes',
  'admin.grant.add': 'creates',
  'admin.grant.remove': 'removes',
  'admin.key.issue': 'creates',
  'admin.key.rotate': 'changes',
  'admin.key.revoke': 'changes',
  'admin.admin_key.issue': 'creates',
  'admin.admin_key.revoke': 'changes',
  'admin.credential.add': 'creates',
  'admin.credential.change': 'changes',
  'admin.credential.rotate': 'changes',
  'admin.credential.revert': 'changes',
  'admin.credential.rewrap': 'changes',
  'admin.credential.remove': 'removes',
  'admin.ledger.prune': 'prunes'
} as const

export type AdminKind = keyof typeof adminKinds
type KindThat<Effect> = {
  [K in AdminKind]: (typeof adminKinds)[K] extends Effect ? K : never
}[AdminKind]

/** What any change may name besides its values. */
type Subject = {
  readonly tenant?: string
  readonly key_id?: string
  readonly connector_id?: string
  /** `name@version`. */
  readonly credential?: string
  /** How often credentials have been changed, this change included: reveals that an older state was restored. */
  readonly generation?: number
  /** Names of the changed fields. */
  readonly fields?: readonly string[]
}

/** `before` and `after` hold what changed and is not secret. */
type Effects =
  | { readonly kind: KindThat<'creates'>; readonly before?: never; readonly after: ChangedValues }
  | { readonly kind: KindThat<'changes'>; readonly before: ChangedValues; readonly after: ChangedValues }
  | { readonly kind: KindThat<'removes'>; readonly before: ChangedValues; readonly after?: never }
  | {
      readonly kind: KindThat<'prunes'>
      readonly cut: PrunePoint
      readonly archive: { readonly entries: number; readonly sha256: string }
    }

/** An administrative change as the ledger records it: what was changed, from what to what. */
export type AdminChange = Subject & Effects
