import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runFloods } from '../support/scenario/floods.ts'

/** One of each kind; `npm run floods` lets all of them go on for longer. */
const short = [
  'public: seven connections pipeline GET /openapi.json and never read',
  'public: seven connections pipeline GET /problems and never read',
  'public: 2,000 connections ask for the script and never read',
  'public: fifty connections pipeline GET /livez without end',
  'public: 3,000 connections from eight addresses that send nothing',
  'admin: seven connections pipeline GET /admin/openapi.json and never read',
  'tls: 800 connections from four addresses ask for the script and never read',
  'tls: 1,500 connections with half a request'
]

test.skipIf(!existsSync('/proc/self/status'))(
  'whatever strangers ask for and never read, calls with a key are answered, and memory stays bounded',
  async () => {
    const reports = await runFloods({
      durationMs: 800,
      // How long a call takes on a busy machine says little: more than this says that somebody stood in its way.
      leastMs: 1_000,
      only: name => short.includes(name),
      onReport: ({ name, calls, quietMs, floodMs, peakMiB }) =>
        console.log(
          `${name}: ${calls} calls, ${quietMs.toFixed(1)} ms, ${floodMs.toFixed(1)} ms, ${peakMiB.toFixed(0)} MiB`
        )
    })
    expect(reports.map(({ name }) => name).sort()).toEqual([...short].sort())
    for (const { name, calls, violations } of reports) {
      expect(violations, name).toEqual([])
      expect(calls, name).toBeGreaterThan(0)
    }
  }
)
