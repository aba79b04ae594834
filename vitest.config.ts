import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/run/longest-first.ts'
import { measureSlowness, processEnvironment } from './test/support/run/measure-machine.ts'

const wholeProcesses = [
  'test/scenarios/**/*.test.ts',
  'test/docs/**/*.test.ts',
  // docs/decisions/2026-11-28-an-unexplained-crash-of-node.md
  'test/http/**/*.test.ts',
  'test/upstream/**/*.test.ts',
  // These measure the memory of their own process.
  'test/regressions/upstream/answers-in-single-bytes-cost-little.test.ts',
  'test/regressions/custody/a-secret-file-must-be-a-file.test.ts',
  'test/regressions/documents/documents-are-rendered-once.test.ts'
]
const slowness = measureSlowness()

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      // Each of these files has a process of its own: most kill, stop and starve what they start.
      { extends: true, test: { name: 'processes', include: wholeProcesses } },
      // The others share theirs, and what these have loaded: half of the CPU time of a small file is its imports.
      {
        extends: true,
        test: { name: 'house', include: ['test/**/*.test.ts'], exclude: wholeProcesses, isolate: false }
      }
    ],
    // One more than the cores of the smallest machine: a fifth of the time tests wait.
    maxWorkers: 3,
    env: { ...processEnvironment, TEST_SLOWNESS: String(slowness) },
    setupFiles: ['test/support/run/end-what-was-started.ts'],
    globalSetup: ['test/support/run/left-behind.ts'],
    testTimeout: 90_000 * slowness,
    hookTimeout: 60_000 * slowness,
    // As long as `eventually` waits: what is promised within a time says so itself.
    expect: { poll: { timeout: 15_000 * slowness } },
    sequence: { shuffle: true, sequencer: LongestFirst }
  }
})
