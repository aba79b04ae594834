import fc from 'fast-check'
import { expect, test } from 'vitest'
import { intersect, packPositions, segmentSize } from '../../../src/ledger/query/postings.ts'

const seed = Number(process.env['SCENARIO_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const position = fc.integer({ min: 0, max: segmentSize - 1 })
const positions = fc
  .oneof(
    fc.uniqueArray(position, { maxLength: 200 }),
    fc.uniqueArray(position, { minLength: 100, maxLength: 900 })
  )
  .map(list => list.sort((one, other) => one - other))

test(`what sets of offsets have in common is what their lists have in common, newest first (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.array(positions, { minLength: 1, maxLength: 4 }), lists => {
      const [first = [], ...others] = lists
      const common = first.filter(one => others.every(other => other.includes(one))).reverse()
      expect(intersect(lists.map(packPositions))).toEqual(common)
    }),
    { seed, numRuns: 200 }
  )
})

test('a set takes no more room than a bit for each offset', () => {
  const all = Array.from({ length: segmentSize }, (_, index) => index)
  expect(packPositions(all)).toHaveLength(segmentSize / 8)
  expect(packPositions([0, segmentSize - 1])).toHaveLength(4)
  expect(intersect([packPositions([])])).toEqual([])
})
