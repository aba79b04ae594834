import { expect, test } from 'vitest'
import { Problem } from '../../src/contract/problem.ts'

test('a problem takes no stack, and an error after it has one', () => {
  expect(new Problem('rate_limited').stack).not.toContain('\n')
  expect(new Error('a bug').stack).toContain('\n    at ')
})
