/**
 * A process that writes calls and then waits to be killed: `dying-writer.ts STORE_URL {"closed":[…],"open":[…]}`.
 * Open calls come first, so that they are the oldest. It sends its writer's id once everything is durable.
 */
import { pendingEntry } from '../../../src/ledger/entry/pending-entry.ts'
import { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import { openStore } from '../../../src/store/store.ts'
import { callEntry } from '../../support/fixtures/sample-ledger.ts'

const [url = '', calls = ''] = process.argv.slice(2)
const { closed, open } = JSON.parse(calls) as { closed: number[]; open: number[] }
const writer = LedgerWriter.open(
  await openStore(url),
  { role: 'gateway', version: '0.0.0', pid: process.pid },
  new Date()
)
let nowMs = 0
for (const call of open) append('call.intent', call)
for (const call of closed) {
  append('call.intent', call)
  append('call.outcome', call)
}
process.send?.(writer.head.writer)
setInterval(() => {}, 60_000)

/** One commit an entry, far enough apart that many of them also note up to where all calls are closed. */
function append(kind: 'call.intent' | 'call.outcome', call: number): void {
  nowMs += 600
  writer.append([callEntry(kind, call)].map(pendingEntry), nowMs)
}
