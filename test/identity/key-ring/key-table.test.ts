import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KeyTable } from '../../../src/identity/key-ring/key-table.ts'

type Known = { readonly id: string; readonly version: number }

const id = (number: number) => `id${String(number).padStart(14, 'a')}`
const digestOf = (text: string | number) => createHash('sha256').update(String(text)).digest()

/** What the table knows of an id when the secret of this version is shown with it. */
function shown(table: KeyTable<Known>, number: number, version: number): number | null {
  const row = table.candidate(`cgw_${id(number)}_`, 4)
  const isGenuine = table.isGenuine(row, `cgw_${id(number)}_`, 4, digestOf(version))
  return isGenuine ? (table.knownIn(row)?.version ?? null) : null
}

test('after any additions, replacements and removals the table knows exactly its keys', () => {
  const change = fc.record({ number: fc.nat({ max: 300 }), version: fc.nat({ max: 5 }), add: fc.boolean() })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 600, size: 'max' }), changes => {
      const table = new KeyTable<Known>()
      const model = new Map<number, number>()
      for (const { number, version, add } of changes) {
        if (add) table.add({ id: id(number), version }, digestOf(version))
        else table.remove(id(number))
        if (add) model.set(number, version)
        else model.delete(number)
      }
      for (let number = 0; number <= 300; number++)
        for (let version = 0; version <= 5; version++)
          expect(shown(table, number, version)).toBe(model.get(number) === version ? version : null)
    }),
    { numRuns: 20 }
  )
})

test('nothing of a removed key is left to compare with', () => {
  const table = new KeyTable<Known>()
  const numbers = Array.from({ length: 200 }, (_, number) => number)
  const plain = digestOf('plain')
  for (const number of numbers) {
    table.add({ id: id(number), version: 1 }, digestOf(1))
    table.prove(table.candidate(id(number), 0), plain)
  }
  for (const number of numbers) table.remove(id(number))
  // The row that an unknown id is compared with may be the one that it had.
  for (const number of numbers) {
    expect(shown(table, number, 1)).toBeNull()
    expect(table.isProven(table.candidate(id(number), 0), plain)).toBe(false)
  }
})

test('a key with an unknown id is compared with another row, and its digest alone does not make it genuine', () => {
  const table = new KeyTable<Known>()
  for (let number = 0; number < 50; number++) table.add({ id: id(number), version: 1 }, digestOf(1))
  for (let number = 50; number < 500; number++) expect(shown(table, number, 1)).toBeNull()
})

test('an empty table has a row to compare with', () => {
  const table = new KeyTable<Known>()
  expect(shown(table, 1, 1)).toBeNull()
  expect(table.knownIn(table.candidate('', 4))).toBeNull()
})
