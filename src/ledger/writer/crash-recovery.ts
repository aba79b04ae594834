import type { DatabaseSync } from 'node:sqlite'
import { takeProcessLock } from '../../store/sqlite/process-lock.ts'
import type { StoreFile } from '../../store/sqlite/store-file.ts'
import { closingOutcome } from '../entry/closing-outcome.ts'
import { type ChainedEntry, callName } from '../entry/entry.ts'
import { batchesOf } from '../query/batch-reader.ts'
import { newestHead } from '../query/chain-heads.ts'
import type { LedgerWriter } from './writer.ts'
import { writerLockPath } from './writer-lock.ts'

/** A dead writer that was recovered, and how many calls it left open. */
export type Recovery = { writer: string; openCalls: number }

/** Every intent of the writer before number `open_from` has its outcome. */
type WriterRow = { id: string; open_from: number }

/** Closes the calls of dead writers with `outcome_unknown`, and sends nothing again. A writer whose lock is held lives. */
export function recoverDeadWriters(store: StoreFile, writer: LedgerWriter, at: Date): Recovery[] {
  const unclosed = store.raw
    .prepare('SELECT id, open_from FROM writer WHERE closed_at IS NULL AND id <> ? ORDER BY opened_at, id')
    .all(writer.head.writer) as WriterRow[]
  return unclosed.flatMap(dead => {
    const lock = takeProcessLock(writerLockPath(store.path, dead.id))
    if (!lock) return []
    try {
      return recoverWriter(store, writer, dead, at) ?? []
    } finally {
      lock.release()
    }
  })
}

/** Null when another process was faster: then the calls are closed already. */
function recoverWriter(store: StoreFile, writer: LedgerWriter, dead: WriterRow, at: Date): Recovery | null {
  return writer.transact(() => {
    const claimed = store.raw
      .prepare('UPDATE writer SET closed_at = ? WHERE id = ? AND closed_at IS NULL')
      .run(at.toISOString(), dead.id)
    if (claimed.changes === 0) return null
    const intents = openIntents(store.raw, dead)
    const head = newestHead(store.raw, dead.id)
    writer.insertSigned({
      at: at.toISOString(),
      kind: 'writer.recovered',
      recovered: dead.id,
      head: head && { seq: head.seq, hash: head.hash },
      open_calls: intents.length
    })
    for (const { entry } of intents) writer.insert(closingOutcome(entry, at, { code: 'outcome_unknown' }))
    return { writer: dead.id, openCalls: intents.length }
  })
}

/** An intent without an outcome, and its position in the ledger. */
type OpenIntent = { readonly entry: ChainedEntry; readonly position: number }

/** The calls of all writers that have not ended: in flight, or left by a crash. */
export function openCallsOf(database: DatabaseSync): OpenIntent[] {
  const writers = database.prepare('SELECT id, open_from FROM writer WHERE closed_at IS NULL').all()
  return writers.flatMap(writer => openIntents(database, writer as WriterRow))
}

/** Calls are closed in the chain that opened them, or by a recovery, which claims the whole writer: nowhere else. */
function openIntents(database: DatabaseSync, writer: WriterRow): OpenIntent[] {
  const open = new Map<string, OpenIntent>()
  for (const { id, texts } of batchesOf(database, writer.id, writer.open_from))
    for (const [index, text] of texts.entries()) {
      const entry = JSON.parse(text) as ChainedEntry
      const call = callName(entry)
      if (entry.kind === 'call.outcome') open.delete(call)
      else if (entry.kind === 'call.intent' && entry.seq >= writer.open_from)
        open.set(call, { entry, position: id + index })
    }
  return [...open.values()]
}
