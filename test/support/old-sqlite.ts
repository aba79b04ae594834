import { spawnSync } from 'node:child_process'

/** Opens a store, reads it and closes it, as a tool for backups does that was built long ago. */
const openAndClose = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=5)
print(database.execute('SELECT count(*) FROM ledger_batch').fetchone()[0])
database.close()
`

/** Why there is no older SQLite here, or false when there is. */
export const noOldSqlite: string | false =
  spawnSync('python3', ['-c', 'import sqlite3'], { stdio: 'ignore' }).status === 0
    ? false
    : 'python3 with sqlite3 is not installed'

/** The SQLite of the machine's python3 opens the store, reads it and closes it. Whether it could read is of no account. */
export function openAndCloseByOldSqlite(path: string): void {
  spawnSync('python3', ['-c', openAndClose, path], { stdio: 'ignore', timeout: 20_000 })
}
