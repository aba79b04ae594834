import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Cores {
  /** The one core of the server under test; null where nothing can be pinned. */
  readonly server: number | null
  /** The others: load generator, upstream and the bench itself. */
  readonly rest: string | null
}

function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s+(.+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  return list.split(',').flatMap(range => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, offset) => first + offset)
  })
}

/** Shares the machine out: the last core to the server under test, the rest to what measures it. */
export function shareCores(): Cores {
  const cores = allowedCores()
  const hasTaskset = spawnSync('taskset', ['--version']).status === 0
  if (!hasTaskset || cores.length < 2) return { server: null, rest: null }
  return { server: cores.at(-1) as number, rest: cores.slice(0, -1).join(',') }
}

/** Time that the core has been busy since boot, with whatever it was. */
export function coreBusyMicros(core: number): number {
  const line = new RegExp(`^cpu${core} (.+)$`, 'm').exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? ''
  const [user = 0, nice = 0, system = 0, _idle, _wait, interrupt = 0, softInterrupt = 0, stolen = 0] = line
    .split(' ')
    .map(Number)
  return (user + nice + system + interrupt + softInterrupt + stolen) * 10_000
}
