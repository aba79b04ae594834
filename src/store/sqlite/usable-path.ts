import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DomainError } from '../../base/domain-error.ts'
import { domainError } from '../../contract/error-table.ts'

/**
 * Throws `store_unavailable` with the reason why no store can be opened or created at this path, which SQLite does not give.
 * Returns whether the file and its folder exist.
 */
export function requireUsablePath(path: string): { readonly isThere: boolean; readonly hasFolder: boolean } {
  const file = statSync(path, { throwIfNoEntry: false })
  if (file) {
    if (!file.isFile()) throw unusable(path, file.isDirectory() ? 'it is a folder' : 'it is no regular file')
    requireAccess(path, path, 'the file')
    return { isThere: true, hasFolder: true }
  }
  let folder = dirname(path)
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder)
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw unusable(path, `${folder} is no folder`)
  requireAccess(path, folder, `the folder ${folder}`)
  return { isThere: false, hasFolder: folder === dirname(path) }
}

function requireAccess(path: string, needed: string, what: string): void {
  try {
    accessSync(needed, constants.R_OK | constants.W_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw unusable(path, `${what} cannot be written by this user (${code})`)
  }
}

function unusable(path: string, why: string): DomainError {
  return domainError('store_unavailable', `cannot open the store ${path}: ${why}`)
}
