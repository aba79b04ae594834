/**
 * `npm run floods`: strangers ask and never read, pipeline without end, open connections in masses, on each listener, and
 * a caller with a key makes its calls beside them. Prints what was measured, and exits with 1 when a call failed, when
 * calls took more than 20 ms and five times what they take without the flood, or when the process needed more than 300
 * MiB. Flags: --seconds N for each flood, --only TEXT for those whose names hold it.
 */
import { parseArgs } from 'node:util'
import { runFloods } from '../support/scenario/floods.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, only: { type: 'string', default: '' } }
})
const seconds = Number(values.seconds)
if (!(seconds >= 1 && seconds <= 600)) {
  console.error('floods: --seconds must be 1 to 600')
  process.exit(2)
}

const reports = await runFloods({
  durationMs: seconds * 1_000,
  leastMs: 20,
  only: name => name.includes(values.only),
  onReport({ name, calls, failed, quietMs, floodMs, peakMiB, violations }) {
    const times = `95 of 100 within ${floodMs.toFixed(1)} ms (quiet ${quietMs.toFixed(1)} ms)`
    console.log(`${name}: ${calls} calls, ${failed} failed, ${times}, at most ${peakMiB.toFixed(0)} MiB`)
    for (const violation of violations) console.log(`  VIOLATED: ${violation}`)
  }
})
const violated = reports.filter(({ violations }) => violations.length > 0)
console.log(`${reports.length} floods, ${violated.length} violated a bound`)
process.exit(violated.length === 0 ? 0 : 1)
