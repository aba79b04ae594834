import { defineConfig } from 'vitest/config'
import { measureSlowness, processEnvironment } from './test/support/run/measure-machine.ts'

const slowness = measureSlowness()

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Each test file is a process of its own: some of them kill, stop and starve what they start.
    pool: 'forks',
    // One more than the cores of the smallest machine: a fifth of the time tests wait.
    maxWorkers: 3,
    env: { ...processEnvironment, TEST_SLOWNESS: String(slowness) },
    setupFiles: ['test/support/run/end-what-was-started.ts'],
    globalSetup: ['test/support/run/left-behind.ts'],
    testTimeout: 90_000 * slowness,
    hookTimeout: 60_000 * slowness,
    sequence: { shuffle: true }
  }
})
