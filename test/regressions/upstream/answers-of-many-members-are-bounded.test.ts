import { expect, test } from 'vitest'
import { readSyncAccepted } from '../../../src/upstream/content-api.ts'
import { classify } from '../../../src/upstream/outcome.ts'
import type { UpstreamResponse } from '../../../src/upstream/transport/response.ts'
import { threadCostMs } from '../../support/linear.ts'

const id = '019b76da-a800-7371-bf3c-a5acb5ac0e04'

const noKeys = { containsKeyPart: () => 0 }

const read = (body: string) => readSyncAccepted(body, id, undefined)

/** An object with so many members, each of another name. */
function object(count: number, first: string): string {
  return `{${[first, ...Array.from({ length: count }, (_, index) => `"${index.toString(36)}":1`)].join(',')}}`
}

function answer(status: number, body: string): UpstreamResponse {
  const headers = { contentType: 'application/json', contentEncoding: '', retryAfter: '', requestId: '' }
  return { kind: 'answer', status, headers, body, leaksKey: false, upstreamMs: 0 }
}

/** The best of some, as what else the thread does comes on top. */
const costMs = (work: () => unknown) => Math.min(...Array.from({ length: 5 }, () => threadCostMs(work)))

/** JSON.parse takes 80 ms for 100,000 names: an upstream that sends such answers stopped the process for most of its time. */
test('an answer of 100,000 members costs little, whatever its status', () => {
  for (const status of [200, 500]) {
    const large = answer(
      status,
      object(98_000, `"connector_id":"${id}","status":"accepted","errorCode":"X1"`)
    )
    const result = classify(large, read, noKeys)
    expect(result.code).toBe(status === 200 ? 'upstream_answer_invalid' : 'upstream_failed')
    expect(costMs(() => classify(large, read, noKeys))).toBeLessThan(20)
  }
})

test('an answer with some hundred unknown members is read', () => {
  const more = object(500, `"connector_id":"${id}","status":"accepted","errorCode":"X1"`)
  expect(classify(answer(200, more), read, noKeys).code).toBe('accepted')
  expect(classify(answer(500, more), read, noKeys).upstream).toEqual({ status: 500, code: 'X1' })
})
