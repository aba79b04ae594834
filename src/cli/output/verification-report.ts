import { describeFinding } from '../../ledger/verify/finding.ts'
import type { Verification } from '../../ledger/verify/verify.ts'
import { table } from './table.ts'

/** Heads and faults shown to people; `--json` prints all. */
const shownAtMost = 10

/** What `ledger verify` found, for people. */
export function verificationReport({ writers, openCalls, heads, faults, ...found }: Verification): string {
  const { entries, signatures, signedUntil } = found
  const story = `${counted(entries, 'entry', 'entries')} of ${counted(writers, 'writer', 'writers')}, ${counted(openCalls, 'call', 'calls')} without an outcome`
  const latestSigned = signedUntil === null ? '' : `, the latest of ${signedUntil}`
  const before =
    found.headsBeforeCut === 0
      ? ''
      : `${counted(found.headsBeforeCut, 'known head is', 'known heads are')} from before the cut and not compared\n`
  const counts = `${story}\n${counted(signatures, 'signature', 'signatures')}${latestSigned}\n${before}`
  if (faults.length > 0)
    return `${counts}${firstOf(faults)
      .map(fault => `${describeFinding(fault)}\n`)
      .join('')}${more(faults)}`
  if (heads.length === 0) return `whole: ${counts}`
  const latest = table(
    [
      ['WRITER', head => head.writer],
      ['SEQ', head => String(head.seq)],
      ['HASH', head => `${head.hash.slice(0, 32)}…`]
    ],
    heads.slice(-shownAtMost)
  )
  return `whole: ${counts}\n${latest}${more(heads)}`
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}

function firstOf<T>(all: readonly T[]): readonly T[] {
  return all.slice(0, shownAtMost)
}

function more(all: readonly unknown[]): string {
  return all.length > shownAtMost ? `and ${all.length - shownAtMost} more: --json prints all\n` : ''
}
