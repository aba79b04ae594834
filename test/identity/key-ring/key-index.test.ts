import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type IdHash, KeyIndex } from '../../../src/identity/key-ring/key-index.ts'

const id = (number: number) => `id${String(number).padStart(14, 'a')}`

/** The largest index that these ids need, and how it came to be: as the table of keys grows it. */
function indexOf(ids: readonly string[], hash?: IdHash): KeyIndex {
  for (let [buckets, seed] = [1, 0]; ; buckets *= 2, seed++) {
    const index = new KeyIndex(buckets, seed, hash)
    if (ids.every((each, row) => index.place(each, row))) return index
  }
}

describe('the candidate', () => {
  test('of every id is its own row, at two thirds of the capacity', () => {
    const ids = Array.from({ length: 350_000 }, (_, number) => id(number))
    const index = indexOf(ids)
    expect(index.buckets).toBeLessThanOrEqual(65_536)
    expect(ids.findIndex((each, row) => index.candidate(each, 0, ids.length) !== row)).toBe(-1)
  })

  test('is found where the id stands in a longer text', () => {
    const index = indexOf([id(1), id(2)])
    expect(index.candidate(`cgw_${id(2)}_rest`, 4, 2)).toBe(1)
  })

  test('of an unknown text is some row, always the same one, and not one for all texts', () => {
    const index = indexOf(Array.from({ length: 100 }, (_, number) => id(number)))
    const seen = new Set<number>()
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'grapheme' })), text => {
        const row = index.candidate(text, 4, 100)
        expect(row).toBeGreaterThanOrEqual(0)
        expect(row).toBeLessThan(100)
        expect(index.candidate(text, 4, 100)).toBe(row)
        seen.add(row)
      }),
      { numRuns: 500 }
    )
    expect(seen.size).toBeGreaterThan(30)
  })
})

test('ids with equal hashes under one seed find room under another', () => {
  // Under the first seeds all ids are in the same buckets, with the same tag.
  const poor: IdHash = (text, _at, seed) =>
    [0, ~0, 1, ~1].includes(seed) ? 6 : Number(text.slice(-3)) * seed
  const ids = [id(100), id(200), id(300)]
  expect(new KeyIndex(64, 0, poor).place(id(100), 0)).toBe(true)
  const index = indexOf(ids, poor)
  expect(index.seed).toBeGreaterThan(1)
  expect(ids.map(each => index.candidate(each, 0, 3))).toEqual([0, 1, 2])
})

test('a removed id leaves room for another', () => {
  const index = new KeyIndex(1, 0)
  const ids = Array.from({ length: 8 }, (_, number) => id(number))
  for (const [row, each] of ids.entries()) expect(index.place(each, row)).toBe(true)
  expect(index.place(id(8), 8)).toBe(false)
  index.displace(id(3), 3)
  expect(index.place(id(8), 8)).toBe(true)
  expect(index.candidate(id(8), 0, 9)).toBe(8)
  expect(index.candidate(id(2), 0, 9)).toBe(2)
})
