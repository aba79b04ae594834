import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { within } from '../scenario/wait.ts'

/** Why system calls cannot be traced here, or false when they can. */
export const noStrace: string | false = probe()

function probe(): string | false {
  const { error, status } = spawnSync('strace', ['-f', '-e', 'trace=none', 'true'], { stdio: 'ignore' })
  if (error) return 'strace is not installed'
  return status === 0 ? false : 'strace may not trace processes here'
}

/** A tracer at work on a process: what it injects happens from now on. */
export type Tracer = {
  /** Resolves when the traced process has ended, or the tracer has let go. */
  readonly ended: Promise<unknown>
  /** Lets the process go on untraced. */
  detach(): Promise<void>
}

const living = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

/** Attaches to all threads of a process; resolves once it traces. `words` say what to trace and what to inject. */
export async function attach(pid: number, ...words: readonly string[]): Promise<Tracer> {
  const child = spawn('strace', ['-f', '-p', String(pid), ...words], { stdio: ['ignore', 'ignore', 'pipe'] })
  living.add(child)
  const ended = once(child, 'exit').then(() => living.delete(child))
  let said = ''
  const attached = new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += said.length < 4096 ? String(chunk) : ''
      if (/attached/.test(said)) resolve()
    })
    ended.then(() => reject(new Error(`strace ended: ${said}`)))
  })
  attached.catch(() => {})
  await within('strace attaches', 10_000, attached)
  return {
    ended,
    async detach() {
      child.kill('SIGINT')
      await within('strace lets go', 10_000, ended)
    }
  }
}
