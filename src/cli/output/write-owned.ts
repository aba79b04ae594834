import { realpathSync, statSync, writeFileSync } from 'node:fs'
import { replaceFile } from '../../base/durable-file.ts'
import { domainError } from '../../contract/error-table.ts'

/**
 * Writes a file for its owner alone, whole or not at all: what was there before stays until all of it is on the disk. What is
 * no regular file, such as a pipe, is written to as it is. Throws DomainError.
 */
export function writeOwned(file: string, text: string): void {
  reportUnwritable(file, () => {
    const before = statSync(file, { throwIfNoEntry: false })
    if (before && !before.isFile()) writeFileSync(file, text)
    // Behind a link, the file that it leads to is replaced and not the link.
    else replaceFile(before ? realpathSync(file) : file, text)
  })
}

/** Runs what writes the file that `--output` names. Throws DomainError. */
export function reportUnwritable(file: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    const detail = `cannot write ${file} (${(error as NodeJS.ErrnoException).code}); choose another by --output`
    throw domainError('file_unwritable', detail)
  }
}
