import { expect, test } from 'vitest'
import { OpenCalls } from '../../../src/ledger/writer/open-calls.ts'
import { seededRandom } from '../../../src/sandbox/seeded-random.ts'

const seed = Number(process.env['SCENARIO_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const random = seededRandom(seed, 'open calls')
const text = ''

test(`calls are open from their intent to their outcome, and a failed transaction changes nothing (seed ${seed})`, () => {
  const openCalls = new OpenCalls()
  let committed = new Map<string, number>()
  let [seq, made] = [0, 0]
  for (let transaction = 0; transaction < 500; transaction++) {
    const open = new Map(committed)
    for (let entry = random.integer(20); entry > 0; entry--) {
      const closes = [...open.keys()][random.integer(30)]
      if (closes !== undefined) {
        openCalls.note({ text, closes }, ++seq)
        open.delete(closes)
      } else {
        const opens = `call-${made++} 1`
        openCalls.note({ text, opens }, ++seq)
        open.set(opens, seq)
      }
    }
    const commits = random.integer(3) > 0
    if (commits) openCalls.advance()
    else openCalls.rewind()
    committed = commits ? open : committed
    expect(openCalls.oldest()).toBe(committed.values().next().value)
    for (let call = 0; call < made; call++)
      expect(openCalls.has(`call-${call} 1`)).toBe(committed.has(`call-${call} 1`))
  }
})

test('what a transaction opens can be closed in it, once', () => {
  const openCalls = new OpenCalls()
  openCalls.note({ text, opens: 'a 1' }, 1)
  expect(openCalls.has('a 1')).toBe(true)
  openCalls.note({ text, closes: 'a 1' }, 2)
  expect(openCalls.has('a 1')).toBe(false)
  openCalls.rewind()
  expect(openCalls.has('a 1')).toBe(false)
  expect(openCalls.oldest()).toBeUndefined()
})

test('a second intent of an open call is a bug, and throws', () => {
  const openCalls = new OpenCalls()
  openCalls.note({ text, opens: 'a 1' }, 1)
  expect(() => openCalls.note({ text, opens: 'a 1' }, 2)).toThrow('a second intent')
})
