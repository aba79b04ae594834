/**
 * Measured once, before the first test: how long this machine takes, as busy as it is, to start the program. All bounds of
 * the run follow it, so that a slow machine fails no test that a fast one passes.
 */
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..', '..')
const program = join(root, 'src', 'cli', 'main.ts')

/** What one start of the program takes, in milliseconds, on the machine for which the bounds in the tests are written. */
const referenceMs = 350

/** What every process of this run has in its environment: its compiled code is shared, and the mark of its run. */
export const processEnvironment = {
  NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'connector-gateway-tests'),
  CONNECTOR_GATEWAY_TEST_RUN: randomUUID()
}

/** How many times slower than the reference this machine is, at least 1. */
export function measureSlowness(): number {
  // The first start fills the cache of compiled code.
  startMs()
  const slowness = Math.max(1, Math.max(startMs(), startMs()) / referenceMs)
  console.log(`bounds of this run: ${slowness.toFixed(2)} times those of the reference machine`)
  return slowness
}

function startMs(): number {
  const startedAt = performance.now()
  const env = { ...process.env, ...processEnvironment }
  const { status, stderr } = spawnSync(process.execPath, [program, '--version'], { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`the program does not start: ${stderr}`)
  return performance.now() - startedAt
}
