/** For vitest: what a test process started and did not end is ended with the run, and reported. Linux only. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { processEnvironment } from './measure-machine.ts'

const mark = `CONNECTOR_GATEWAY_TEST_RUN=${processEnvironment.CONNECTOR_GATEWAY_TEST_RUN}`

/** After the last test. Throws, so that the run fails, when a process was left running. */
export function teardown(): void {
  const left = leftBehind()
  for (const { pid } of left) process.kill(pid, 'SIGKILL')
  if (left.length > 0)
    throw new Error(`processes were left running: ${left.map(({ command }) => command).join('; ')}`)
}

function leftBehind(): { pid: number; command: string }[] {
  if (!existsSync('/proc/self/environ')) return []
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(name => read(name, 'environ').split('\0').includes(mark))
    .map(name => ({ pid: Number(name), command: read(name, 'cmdline').replaceAll('\0', ' ').trim() }))
    .filter(({ command }) => command !== '')
}

/** Empty for one that has ended meanwhile. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
