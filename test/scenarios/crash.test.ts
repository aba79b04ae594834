import { expect, test } from 'vitest'
import { crashRepeatedly } from '../support/scenario/crash.ts'
import { scenarioSeed } from '../support/scenario/scenario.ts'

test('SIGKILL at random instants loses no acknowledged outcome, leaves no call open and sends nothing again', async () => {
  const result = await crashRepeatedly({ kills: 12, seed: scenarioSeed('crash'), checkEvery: 6 })
  expect(result.violations).toEqual([])
  expect(result).toMatchObject({ kills: 12, calls: expect.any(Number) })
  expect(result.calls).toBeGreaterThan(0)
})
