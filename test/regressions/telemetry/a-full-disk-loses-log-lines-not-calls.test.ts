import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, vi } from 'vitest'
import { LogDestination } from '../../../src/telemetry/log-destination.ts'
import { FileSink, type WriteBytes } from '../../../src/telemetry/log-sink.ts'
import { test } from '../../support/fixtures/test.ts'
import { processEnvironment } from '../../support/run/bounds.ts'
import { eventually } from '../../support/scenario/wait.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A disk that takes as much as the test says, then fails. */
function diskOf(room: number) {
  const disk = { text: '', room, code: 'ENOSPC', failures: 0 }
  const write: WriteBytes = async bytes => {
    const taken = Math.min(bytes.length, disk.room)
    disk.room -= taken
    disk.text += bytes.toString('utf8', 0, taken)
    if (taken > 0) return taken
    disk.failures++
    throw Object.assign(new Error('no'), { code: disk.code })
  }
  return { disk, destination: new LogDestination(new FileSink(write), () => Date.now()) }
}

const soon = async () => await vi.advanceTimersByTimeAsync(1_000)

// The first error destroyed the stream: not one line came any more until the restart, and nothing said so.
test.each(['ENOSPC', 'EDQUOT', 'EIO', 'EAGAIN', 'EFBIG'])(
  'lines that a disk does not take (%s) follow as soon as it does, whole and in order',
  async code => {
    const { disk, destination } = diskOf(12)
    disk.code = code
    for (const line of ['first\n', 'second\n', 'third\n']) destination.write(line)
    await soon()
    expect(disk.text).toBe('first\nsecond')
    expect(destination.isLosing).toBe(true)
    destination.write('fourth\n')
    await soon()
    disk.room = Number.POSITIVE_INFINITY
    await soon()
    expect(disk.text).toBe('first\nsecond\nthird\nfourth\n')
    expect(destination.isLosing).toBe(false)
  }
)

test('a disk that stays full is tried a few times a second', async () => {
  const { disk, destination } = diskOf(0)
  destination.write('a line\n')
  await vi.advanceTimersByTimeAsync(10_000)
  expect(disk.failures).toBeGreaterThan(9)
  expect(disk.failures).toBeLessThan(50)
})

test('lines past the bound are counted, and the count is logged and shown for a minute', async () => {
  const { disk, destination } = diskOf(0)
  const line = `${'x'.repeat(1023)}\n`
  for (let n = 0; n < 5_000; n++) destination.write(line)
  await soon()
  disk.room = Number.POSITIVE_INFINITY
  await soon()
  const lines = disk.text.split('\n').slice(0, -1)
  const last = JSON.parse(lines.at(-1) ?? '') as { lost: number }
  expect(last).toMatchObject({ level: 40, msg: 'log lines lost' })
  expect(last.lost).toBeGreaterThan(500)
  expect(lines.slice(0, -1).filter(text => text !== line.trimEnd())).toEqual([])
  expect(lines.length - 1 + last.lost).toBe(5_000)
  expect(destination.isLosing).toBe(true)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(destination.isLosing).toBe(false)
})

test('a log whose reader has gone is reported for good, and keeps no lines', () => {
  const written: string[] = []
  const gone = {
    state: 'gone' as const,
    waiting: 0,
    write: (text: string) => void written.push(text),
    drained: async () => {}
  }
  const destination = new LogDestination(gone, () => Date.now())
  destination.write('a line\n')
  vi.advanceTimersByTime(3_600_000)
  expect([written, destination.isLosing]).toEqual([[], true])
})

test('a process whose file may grow no further goes on once it may, without half a line', async ({
  folder
}) => {
  vi.useRealTimers()
  const file = join(folder, 'log')
  const program = join(import.meta.dirname, '..', '..', 'support', 'fixtures', 'logging-process.ts')
  // Files of at most 1 or 2 blocks; to write past that is an error like that of a full disk.
  const script = `ulimit -f 2; exec "${process.execPath}" "${program}" >> "${file}"`
  const child = spawn('sh', ['-c', script], { env: processEnvironment, stdio: 'ignore' })
  const exited = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  await eventually('the file has reached its limit', () => [1024, 2048].includes(statSync(file).size))
  const before = readFileSync(file, 'utf8')
  truncateSync(file)
  const room = () => readFileSync(file, 'utf8')
  await eventually('lines follow', () => room().length > 0)
  child.kill('SIGTERM')
  await exited
  const numbers = (before + room())
    .split('\n')
    .slice(0, -2)
    .map(text => JSON.parse(text) as { line: number })
  expect(numbers.map(({ line }) => line)).toEqual(numbers.map((_line, index) => index + 1))
})

// The process ended while the disk was full: the next one began its first line behind half of the last.
test.for([
  ['half a line', '{"line":1}\n{"li', '{"line":1}\n{"li\n{"line":2}\n'],
  ['whole lines', '{"line":1}\n', '{"line":1}\n{"line":2}\n'],
  ['nothing', '', '{"line":2}\n']
] as const)(
  'behind %s in its file a process begins a line of its own',
  async ([_what, before, after], { folder }) => {
    vi.useRealTimers()
    const file = join(folder, 'log')
    writeFileSync(file, before)
    const fd = openSync(file, 'a')
    try {
      const destination = new LogDestination(fd)
      destination.write('{"line":2}\n')
      await destination.end(5_000)
    } finally {
      closeSync(fd)
    }
    expect(readFileSync(file, 'utf8')).toBe(after)
  }
)
