import type { ConnectionShares } from './connection-shares.ts'
import type { KeptBytes } from './kept-bytes.ts'
import type { Turns } from './turns.ts'

/** What all connections of a listener share. */
export type Front = {
  readonly shares: ConnectionShares
  readonly kept: KeptBytes
  /** Where those wait who sent more than one request at once, and strangers where there are many. */
  readonly turns: { readonly known: Turns; readonly strangers: Turns }
  /** Where strangers' large answers wait. */
  readonly largeWrites: Turns
}
