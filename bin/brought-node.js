import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Runs the program with the Node that was installed with it, as an optional dependency, in place of one that is too old. Node
 * 16 gets as far as here.
 */

/** As in the first line of the program: what is given to this Node comes after them, and wins. */
const flags = ['--max-semi-space-size=4', '--max-old-space-size=1024']
/** One arena of the C library for all threads: V8's helpers would each leave an own one half empty. */
const environment = { MALLOC_ARENA_MAX: '1', ...process.env }
const program = fileURLToPath(new URL('connector-gateway.js', import.meta.url))

/** What would end this process alone, and is for the program. */
const signals = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR2']

const node = broughtNode()
if (node === null) refuse(`and none came with the package for ${process.platform} on ${process.arch}`)
else handOver(node, [...flags, ...process.execArgv, program, ...process.argv.slice(2)])

/** Wherever the package manager put it, seen from this package. */
function broughtNode() {
  const isWindows = process.platform === 'win32'
  const name = `node-${isWindows ? 'win' : process.platform}-${process.arch}`
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
    return join(dirname(manifest), 'bin', isWindows ? 'node.exe' : 'node')
  } catch {
    return null
  }
}

function handOver(file, words) {
  // In place of this process: nothing stands between the program and whoever started it.
  if (process.execve && process.platform !== 'win32') process.execve(file, [file, ...words], environment)
  const child = spawn(file, words, { stdio: 'inherit', env: environment })
  const passOn = signal => child.kill(signal)
  for (const signal of signals) process.on(signal, passOn)
  child.on('error', ({ code }) => refuse(`and the one that came with the package cannot be run (${code})`))
  child.on('exit', (code, signal) => {
    for (const one of signals) process.off(one, passOn)
    if (signal === null) process.exitCode = code
    else endBy(signal)
  })
}

/** Whoever waits for this process learns how the program ended. */
function endBy(signal) {
  process.exitCode = 128 + constants.signals[signal]
  process.kill(process.pid, signal)
}

function refuse(why) {
  console.error(`connector-gateway: Node 24 or newer is needed, this is ${process.version}, ${why}`)
  process.exitCode = 2
}
