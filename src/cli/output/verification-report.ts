import type { Head } from '../../ledger/entry/chain.ts'
import { describeFinding } from '../../ledger/verify/finding.ts'
import type { Verification } from '../../ledger/verify/verify.ts'
import { type Column, counted, table } from './table.ts'

/** Heads and faults shown to people; `--json` prints all. */
const shownAtMost = 10

/** What `ledger verify` found, for people. */
export function verificationReport(found: Verification): string {
  const { writers, openCalls, heads, headsBeforeCut, faults, entries, signatures, signedUntil } = found
  const latestSigned = signedUntil === null ? '' : `, the latest of ${signedUntil}`
  const notCompared = counted(headsBeforeCut, 'known head is', 'known heads are')
  const counts = [
    `${counted(entries, 'entry', 'entries')} of ${counted(writers, 'writer')}, ${counted(openCalls, 'call')} without an outcome\n`,
    `${counted(signatures, 'signature')}${latestSigned}\n`,
    headsBeforeCut === 0 ? '' : `${notCompared} older than the prune point, not compared\n`
  ].join('')
  if (faults.length > 0) {
    const lines = faults.slice(0, shownAtMost).map(fault => `${describeFinding(fault)}\n`)
    return `${counts}${lines.join('')}${more(faults)}`
  }
  if (heads.length === 0) return `whole: ${counts}`
  return `whole: ${counts}\n${table(columns, heads.slice(-shownAtMost))}${more(heads)}`
}

const columns: readonly Column<Head>[] = [
  ['WRITER', head => head.writer],
  ['SEQ', head => String(head.seq)],
  ['HASH', head => `${head.hash.slice(0, 32)}…`]
]

function more(all: readonly unknown[]): string {
  return all.length > shownAtMost ? `and ${all.length - shownAtMost} more: --json prints all\n` : ''
}
