import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { repositoryPath } from '../contenders/contender.ts'
import { programFlags } from '../contenders/gateway.ts'
import type { Cores } from '../cores.ts'

const run = promisify(execFile)

/** Runs `bench/callers/<name>.ts` on the core of the server under test, with its flags of Node; gives what it printed. */
export async function runAlone<Figures>(
  name: string,
  args: readonly number[],
  cores: Cores
): Promise<Figures> {
  const script = repositoryPath(`bench/callers/${name}.ts`)
  const command = [process.execPath, ...programFlags, '--expose-gc', script, ...args.map(String)]
  const pinned = cores.server === null ? command : ['taskset', '-c', String(cores.server), ...command]
  const [file, ...rest] = pinned as [string, ...string[]]
  const { stdout } = await run(file, rest, { maxBuffer: 2 ** 24 })
  return JSON.parse(stdout) as Figures
}
