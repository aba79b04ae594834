import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { processTree } from './process-tree.ts'

export interface StartOptions {
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The cores it may run on, as taskset lists them; null where it may run anywhere. */
  readonly cores: string | null
  /** Where its standard output and error go. */
  readonly output: string
  readonly ipc?: boolean
}

const gracePeriodMs = 10_000
const owned = new Set<ChildProcess>()

/** Starts a process that `stopAll` will end, whatever becomes of the run. */
export function startOwned({ command, env, cores, output, ipc = false }: StartOptions): ChildProcess {
  const [file, ...args] = cores === null ? command : ['taskset', '-c', cores, ...command]
  const sink = openSync(output, 'a')
  const child = spawn(file as string, args, {
    env: { ...process.env, ...env },
    // Standard input stays an open pipe: our own processes leave when it closes.
    stdio: ['pipe', sink, sink, ...(ipc ? (['ipc'] as const) : [])]
  })
  closeSync(sink)
  child.on('error', () => owned.delete(child))
  child.on('exit', () => owned.delete(child))
  owned.add(child)
  return child
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended in the meantime.
  }
}

/** Ends one process: asks, waits, and at last kills it with the children it still has. */
export async function stopOwned(child: ChildProcess): Promise<void> {
  const pid = child.pid
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const { promise, resolve } = Promise.withResolvers<void>()
  child.on('exit', () => resolve())
  child.kill('SIGTERM')
  const timer = setTimeout(() => processTree(pid).forEach(kill), gracePeriodMs)
  await promise
  clearTimeout(timer)
}

/** For a run that ends early: no waiting. */
export function killAll(): void {
  for (const child of owned) if (child.pid !== undefined) processTree(child.pid).forEach(kill)
}
