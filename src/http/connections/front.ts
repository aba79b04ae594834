import type { ConnectionShares } from './connection-shares.ts'
import type { KeptBytes } from './kept-bytes.ts'
import type { RequestTurns } from './request-turns.ts'
import type { Turns } from './turns.ts'

/** What all connections of a listener share. */
export type Front = {
  readonly shares: ConnectionShares
  readonly kept: KeptBytes
  readonly turns: RequestTurns
  /** Where strangers' large answers wait. */
  readonly largeWrites: Turns
}
