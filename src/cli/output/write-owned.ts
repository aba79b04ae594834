import { randomUUID } from 'node:crypto'
import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'

/**
 * Writes a file for its owner alone, whole or not at all: what was there before stays until all of it is on the disk. What is
 * no regular file, such as a pipe, is written to as it is. Throws the error of the system.
 */
export function writeOwned(file: string, text: string): void {
  const before = statSync(file, { throwIfNoEntry: false })
  if (before && !before.isFile()) writeFileSync(file, text)
  // Behind a link, the file that it leads to is replaced and not the link.
  else replace(before ? realpathSync(file) : file, text)
}

function replace(path: string, text: string): void {
  const draft = `${path}.${randomUUID()}.tmp`
  try {
    writeFileSync(draft, text, { mode: 0o600, flush: true })
    renameSync(draft, path)
  } finally {
    rmSync(draft, { force: true })
  }
}
