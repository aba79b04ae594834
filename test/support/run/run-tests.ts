/**
 * What `npm test` runs: types, lint and all tests, each to its end whatever became of the one before. The last line
 * is `N passed, N failed`, alone; the exit code is 0 only when nothing failed. Further words go to vitest, e.g.
 * `npm test -- test/ledger`.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { countTests, type Tally } from './test-report.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const bin = join(root, 'node_modules', '.bin')
/** The Node that comes with the project, where the platform has one: the machine's own may be older. */
const ownNode = join(bin, 'node')
const node = existsSync(ownNode) ? ownNode : process.execPath
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` }

const tallies = [
  check('types', ['tsc', '--noEmit']),
  check('lint', ['biome', 'check', '--error-on-warnings', '.']),
  runVitest(process.argv.slice(2))
]
const sum = (name: keyof Tally) => tallies.reduce((total, tally) => total + tally[name], 0)
const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')]
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = failed === 0 ? 0 : 1

function check(name: string, command: readonly [string, ...string[]]): Tally {
  const good = run(name, command)
  return { passed: good ? 1 : 0, failed: good ? 0 : 1, skipped: 0 }
}

function runVitest(words: readonly string[]): Tally {
  const folder = mkdtempSync(join(tmpdir(), 'test-report-'))
  const report = join(folder, 'report.json')
  try {
    const good = run('tests', [
      'vitest',
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...words
    ])
    return countTests(existsSync(report) ? readFileSync(report, 'utf8') : '', good)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs one of the project's own tools by the project's own Node, its output passed on. Whether it ended with 0. */
function run(name: string, [tool, ...words]: readonly [string, ...string[]]): boolean {
  console.log(`\n— ${name}: ${tool} ${words.filter(word => !word.startsWith('--outputFile')).join(' ')}`)
  const { status, signal, error } = spawnSync(node, [join(bin, tool), ...words], {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit']
  })
  if (status === 0) return true
  console.log(`${name} failed: ${error?.message ?? (signal ? `ended by ${signal}` : `exit code ${status}`)}`)
  return false
}
