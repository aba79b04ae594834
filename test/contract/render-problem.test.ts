import { expect, test } from 'vitest'
import { Problem, problemCodes } from '../../src/contract/problem.ts'
import { prerender, renderProblem } from '../../src/contract/render-problem.ts'

/** What would be taken for the place of the id, if it were not escaped. */
const emptyId = '"request_id":""'

test.each(problemCodes)(
  'the answer of %s, rendered once, is the envelope with the id of each request',
  code => {
    const full = new Problem(code, {
      detail: `A detail with ${emptyId}.`,
      errors: [{ pointer: '/name', detail: emptyId }],
      retryAfter: 3,
      upstream: { status: 500, request_id: '' }
    })
    for (const problem of [Problem.of(code), full])
      for (const id of ['one', 'other']) {
        const { beforeId, afterId } = prerender(problem)
        expect(beforeId + id + afterId).toBe(JSON.stringify(renderProblem(problem, id)))
      }
  }
)

test('requests that are refused for the same reason share one problem', () => {
  expect(Problem.of('credentials_invalid')).toBe(Problem.of('credentials_invalid'))
  expect(Problem.of('credentials_invalid')).toMatchObject({ code: 'credentials_invalid', options: {} })
})
