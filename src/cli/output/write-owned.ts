import { realpathSync, statSync, writeFileSync } from 'node:fs'
import { replaceFile } from '../../base/durable-file.ts'

/**
 * Writes a file for its owner alone, whole or not at all: what was there before stays until all of it is on the disk. What is
 * no regular file, such as a pipe, is written to as it is. Throws the error of the system.
 */
export function writeOwned(file: string, text: string): void {
  const before = statSync(file, { throwIfNoEntry: false })
  if (before && !before.isFile()) writeFileSync(file, text)
  // Behind a link, the file that it leads to is replaced and not the link.
  else replaceFile(before ? realpathSync(file) : file, text)
}
