import fc from 'fast-check'
import { expect, test } from 'vitest'
import { strictJson } from '../../src/base/strict-json.ts'

const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 2 ** 31)

test(`any JSON that is printed from a value is read as that value (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('', ' ', '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent)
      expect(strictJson(text)).toEqual(JSON.parse(text))
    }),
    { seed, numRuns: 200 }
  )
})

test(`a member that is put in twice is found, wherever it stands (seed ${seed})`, () => {
  const object = fc.dictionary(fc.string({ unit: 'binary', maxLength: 4 }), fc.jsonValue({ maxDepth: 2 }), {
    minKeys: 1,
    maxKeys: 5
  })
  fc.assert(
    fc.property(object, fc.array(fc.boolean(), { maxLength: 5 }), (members, around) => {
      const [name, value] = Object.entries(members)[0] ?? ['', null]
      const twice = `${JSON.stringify(members).slice(0, -1)},${JSON.stringify(name)} : ${JSON.stringify(value)}}`
      const text = around.reduce((inner, array) => (array ? `[${inner}]` : `{"a":${inner}}`), twice)
      expect(() => JSON.parse(text)).not.toThrow()
      expect(strictJson(text)).toBeUndefined()
    }),
    { seed, numRuns: 200 }
  )
})

test('what would cost its reader much is not read: too deep, or too many items', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  expect(strictJson(nested(64))).toEqual(JSON.parse(nested(64)))
  expect(strictJson(nested(65))).toBeUndefined()
  expect(strictJson(`[${'0,'.repeat(99_000)}0]`)).toHaveLength(99_001)
  expect(strictJson(`[${'0,'.repeat(100_000)}0]`)).toBeUndefined()
  // In a text they are characters like others.
  expect(strictJson(JSON.stringify('[,'.repeat(200_000)))).toHaveLength(400_000)
})

test.each(['\\', '\\"', ':', '" ', '":"', '[', '{"a":', '"a":1,', '{},', '0,'])(
  'a mebibyte of %j is read in time that is in proportion to it',
  filling => {
    const repeated = filling.repeat(1_048_576 / filling.length)
    for (const text of [repeated, `"${repeated}"`, `{"a":"${repeated}","b":1}`, `[${repeated}0]`]) {
      const before = process.cpuUsage()
      strictJson(text)
      const { user, system } = process.cpuUsage(before)
      // Quadratic it would take minutes.
      expect((user + system) / 1000).toBeLessThan(250)
    }
  }
)
