/** A process that has the store open for reading, as a command has, and reads it again for each line that it is given. */
import { createInterface } from 'node:readline'
import { openReadOnlyStore, type ReadOnlyStore } from '../../../src/store/sqlite/read-only-store.ts'

let store: ReadOnlyStore | null = null

function read(): string {
  try {
    store ??= openReadOnlyStore(process.argv[2] ?? '')
    store.raw.prepare('SELECT count(*), max(texts) FROM ledger_batch').get()
    return 'read'
  } catch (error) {
    store?.raw.close()
    store = null
    return `failed: ${(error as Error).message}`
  }
}

for await (const _line of createInterface({ input: process.stdin })) console.log(read())
