import type { Head } from './chain.ts'

/** What verification needs to know of an entry. Its members beyond these are covered by its hash alone. */
export type EntryFacts = {
  writer: string
  seq: number
  prev: string
  kind: string
  requestId: string | undefined
  attempt: number | undefined
  /** The entry of another chain that this one vouches for: `after` of an opening or checkpoint, `head` of a recovery. */
  anchor: Head | undefined
  /** Who signed it, and how, if anybody did. */
  signed: { readonly signer: string; readonly signature: string } | undefined
}
