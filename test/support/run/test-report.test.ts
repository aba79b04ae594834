import { describe, expect, test } from 'vitest'
import { countTests } from './test-report.ts'

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map(each => ({ status: each }))
})
const report = (...testResults: object[]) => JSON.stringify({ testResults })

describe('the count of tests', () => {
  test('tells passed, failed and skipped tests apart', () => {
    const text = report(file('passed', 'passed', 'passed', 'skipped'), file('failed', 'failed', 'todo'))
    expect(countTests(text, false)).toEqual({ passed: 2, failed: 1, skipped: 2 })
  })

  test('counts a file that cannot be loaded as one failure', () => {
    expect(countTests(report(file('passed', 'passed'), file('failed')), false)).toMatchObject({ failed: 1 })
  })

  test('counts a run that ended badly as a failure although every test passed', () => {
    expect(countTests(report(file('passed', 'passed')), false)).toMatchObject({ passed: 1, failed: 1 })
  })

  test.each([
    ['no test ran', report()],
    ['every test was skipped', report(file('passed', 'skipped'))],
    ['there is no report', ''],
    ['the report was cut', '{"testResults":[']
  ])('counts a failure when %s', (_why, text) => {
    expect(countTests(text, true)).toMatchObject({ passed: 0, failed: 1 })
  })
})
