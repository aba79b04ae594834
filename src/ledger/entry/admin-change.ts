import type { PrunePoint } from '../retention/prune-point.ts'
import type { ChangedValues } from './changed-values.ts'

/**
 * Every kind of administrative change, and which values its entry holds: what there is from then on, what there was, or both.
 * A cut tells what it removed in members of its own.
 */
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
  'admin.ledger.prune': 'cuts'
} as const

export type AdminKind = keyof typeof adminKinds
type Effect = (typeof adminKinds)[AdminKind]
type KindThat<E extends Effect> = {
  [K in AdminKind]: (typeof adminKinds)[K] extends E ? K : never
}[AdminKind]

/** What any change may name besides its values. */
type Subject = {
  readonly tenant?: string
  readonly key_id?: string
  readonly connector_id?: string
  /** `name@version`. */
  readonly credential?: string
  /** How often credentials had been changed, this change included: it reveals an older state that was put back. */
  readonly generation?: number
  /** Names of the changed fields. */
  readonly fields?: readonly string[]
}

/** Old and new values are those of what changed, and of what is no secret. */
type Effects =
  | { readonly kind: KindThat<'creates'>; readonly before?: never; readonly after: ChangedValues }
  | { readonly kind: KindThat<'changes'>; readonly before: ChangedValues; readonly after: ChangedValues }
  | { readonly kind: KindThat<'removes'>; readonly before: ChangedValues; readonly after?: never }
  | {
      readonly kind: KindThat<'cuts'>
      /** What was cut off, and the archive that holds it. */
      readonly cut: PrunePoint
      readonly archive: { readonly entries: number; readonly sha256: string }
    }

/** An administrative change as the ledger tells it: what was changed, from what to what. */
export type AdminChange = Subject & Effects
