import { expect, test } from 'vitest'
import { RetiringCredentials } from '../../src/custody/retiring-credentials.ts'

test('a credential that was removed goes a second later, once, however often the others are read meanwhile', () => {
  let nowMs = 0
  const leaving = new RetiringCredentials(() => nowMs)
  expect(leaving.among(['default', 'reports'], new Set(['default']))).toEqual(['reports'])
  nowMs = 999
  expect(leaving.among(['default', 'reports'], new Set(['default']))).toEqual(['reports'])
  expect(leaving.takeOverdue()).toEqual([])
  nowMs = 1000
  expect(leaving.takeOverdue()).toEqual(['reports'])
  expect(leaving.takeOverdue()).toEqual([])
})

test('one that is added anew meanwhile stays', () => {
  let nowMs = 0
  const leaving = new RetiringCredentials(() => nowMs)
  leaving.among(['reports'], new Set())
  expect(leaving.among(['reports'], new Set(['reports']))).toEqual([])
  nowMs = 5000
  expect(leaving.takeOverdue()).toEqual([])
})
