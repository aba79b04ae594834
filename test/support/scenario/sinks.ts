import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Sink } from '../checker/canary.ts'

/** Every file below a folder, as a place where a key may have leaked to; what `except` names is left out. */
export function filesBelow(folder: string, except: readonly string[] = []): Sink[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && !except.includes(entry.name))
    .map(entry => {
      const path = join(entry.parentPath, entry.name)
      return { name: relative(folder, path), content: readFileSync(path) }
    })
}
