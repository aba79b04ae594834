import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { platform } from 'node:os'
import { dirname } from 'node:path'

/** Replaces the file at `path`, readable by its owner alone. A power cut or an error leaves the old file whole. */
export function replaceFile(path: string, text: string): void {
  writeThen(renameSync, path, text)
}

/** Writes a new file for its owner alone, whole or not at all, and its name durably. Throws EEXIST when there is one already. */
export function createFile(path: string, text: string): void {
  writeThen(linkSync, path, text)
  syncFolder(dirname(path))
}

function writeThen(putInPlace: (from: string, to: string) => void, path: string, text: string): void {
  const partial = `${path}.${randomUUID()}.partial`
  try {
    writeFileSync(partial, text, { mode: 0o600, flush: true })
    putInPlace(partial, path)
  } finally {
    rmSync(partial, { force: true })
  }
}

/** Makes the names in a folder durable. */
export function syncFolder(path: string): void {
  // Windows does not open folders.
  if (platform() === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
