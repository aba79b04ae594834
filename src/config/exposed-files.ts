import { statSync } from 'node:fs'
import { platform } from 'node:os'
import type { Config } from './config.ts'
import type { ConfigIssue } from './error.ts'

/** Settings that lead to secrets in files which more than their owner and group can read, as the program would find them now. */
export function exposedFiles({ masterKey, upstreamKey, tls }: Config): ConfigIssue[] {
  const references = [
    ['GATEWAY_MASTER_KEY', masterKey],
    ['GATEWAY_UPSTREAM_KEY', upstreamKey],
    ['GATEWAY_TLS_KEY', tls?.key ?? '']
  ] as const
  return references.flatMap(([key, reference]) => {
    const mode = reference.startsWith('file:') ? modeOf(reference.slice('file:'.length)) : 0
    if ((mode & 0o004) === 0) return []
    const shown = (mode & 0o777).toString(8)
    const detail = `${reference} can be read by everybody on this machine (mode ${shown}): chmod 600 it`
    return [{ key, detail }]
  })
}

/** 0 for what is no file, and where files have no such modes: others tell what is wrong with it. */
function modeOf(path: string): number {
  if (platform() === 'win32') return 0
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isFile() ? found.mode : 0
}
