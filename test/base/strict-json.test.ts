import fc from 'fast-check'
import { expect, test } from 'vitest'
import { strictJson } from '../../src/base/strict-json.ts'
import { threadCostMs } from '../support/linear.ts'
import { propertySeed } from '../support/scenario/seed.ts'

const seed = propertySeed()

test(`strict JSON reads every value that JSON.stringify prints (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('', ' ', '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent)
      expect(strictJson(text)).toEqual(JSON.parse(text))
    }),
    { seed, numRuns: 200 }
  )
})

test(`strict JSON finds a duplicate member at any depth (seed ${seed})`, () => {
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

test('strict JSON refuses texts that are nested too deep or have too many items', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  expect(strictJson(nested(64))).toEqual(JSON.parse(nested(64)))
  expect(strictJson(nested(65))).toBeUndefined()
  expect(strictJson(`[${'0,'.repeat(99_000)}0]`)).toHaveLength(99_001)
  expect(strictJson(`[${'0,'.repeat(100_000)}0]`)).toBeUndefined()
  // In a text they are characters like others.
  expect(strictJson(JSON.stringify('[,'.repeat(200_000)))).toHaveLength(400_000)
})

test.each(['\\', '\\"', ':', '" ', '":"', '[', '{"a":', '"a":1,', '{},', '0,'])(
  'strict JSON reads a mebibyte of %j in linear time',
  filling => {
    const repeated = filling.repeat(1_048_576 / filling.length)
    for (const text of [repeated, `"${repeated}"`, `{"a":"${repeated}","b":1}`, `[${repeated}0]`]) {
      // Quadratic it would take minutes.
      expect(threadCostMs(() => strictJson(text))).toBeLessThan(250)
    }
  }
)
