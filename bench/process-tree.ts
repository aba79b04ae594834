import { readdirSync, readFileSync } from 'node:fs'

// USER_HZ, the unit of CPU times in /proc, is 100 on every Linux that Node runs on.
const microsPerTick = 10_000

/** `pid` and all that it started and that still runs. A process that ends meanwhile is left out. */
export function processTree(pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap(thread =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
    )
    return [pid, ...children.flatMap(processTree)]
  } catch {
    return []
  }
}

/** CPU time that the process and its children have used, of all threads, in user and kernel. */
export function cpuMicros(pid: number): number {
  return processTree(pid).reduce((sum, each) => sum + statMicros(`/proc/${each}/stat`), 0)
}

/** User and kernel time in the `stat` file of a process or a thread. */
function statMicros(path: string): number {
  // The name in brackets may hold anything: count fields after it.
  const fields = readFileSync(path, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * microsPerTick
}

/** CPU time that the threads of one process have used, those of a kind added up. */
export function threadMicros(pid: number): Record<string, number> {
  const micros: Record<string, number> = {}
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${thread}`
    const group = Number(thread) === pid ? 'main' : threadGroup(readFileSync(`${folder}/comm`, 'utf8').trim())
    micros[group] = (micros[group] ?? 0) + statMicros(`${folder}/stat`)
  }
  return micros
}

/** V8 collects garbage and compiles on its helpers; a worker thread bears the name that its program gave it. */
function threadGroup(name: string): string {
  if (name === 'V8Worker' || name === 'DelayedTaskSche') return 'V8 helpers'
  return name === 'libuv-worker' || name === 'SignalInspector' ? 'libuv' : name
}

/** The most memory that was ever resident, summed over the process and its children. */
export function peakRssBytes(pid: number): number {
  return statusBytes(pid, 'VmHWM')
}

/** The memory that is resident now, summed over the process and its children. */
export function rssBytes(pid: number): number {
  return statusBytes(pid, 'VmRSS')
}

function statusBytes(pid: number, name: 'VmHWM' | 'VmRSS'): number {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm')
  let kibibytes = 0
  for (const each of processTree(pid))
    kibibytes += Number(line.exec(readFileSync(`/proc/${each}/status`, 'utf8'))?.[1] ?? 0)
  return kibibytes * 1024
}
