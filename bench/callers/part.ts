import type { Bar } from '../report/bars.ts'

/** How large a run is. */
export type Size = {
  readonly tenants: number
  readonly rounds: number
  /** How often each kind of change is made. */
  readonly changes: number
  /** Of each of two classes whose times are compared. */
  readonly samples: number
}

/** What one part of the bench found: its bars, and its tables as Markdown. */
export type Part = { readonly bars: readonly Bar[]; readonly text: string }
