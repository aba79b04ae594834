import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { isatty } from 'node:tty'
import { fileURLToPath } from 'node:url'

/**
 * Compiled code is kept from one start to the next: it halves the time of a start and saves memory. It lies beside the
 * modules, with the same owner, and not in the system's folder for temporary files, where others could put code into
 * it. Where it cannot be written, nothing is kept. The variable carries it to threads and child processes.
 */
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(
  new URL('../node_modules/.cache/connector-gateway', import.meta.url)
)
enableCompileCache(process.env.NODE_COMPILE_CACHE)

/**
 * A supervisor may ask a service to reload right behind its start: until the gateway follows signals itself, SIGHUP would end
 * it. At a terminal it is to.
 */
if (process.argv[2] === 'serve' && ![0, 1, 2].some(isatty)) process.on('SIGHUP', () => {})

// A checkout runs its source, never a build that may be stale; the published package has only the build.
const source = new URL('../src/cli/main.ts', import.meta.url)
await import(existsSync(source) ? source.href : '../dist/cli/main.js')
