import { afterAll, beforeAll, expect, test } from 'vitest'
import { problemCodes } from '../../src/contract/problem.ts'
import { problemTable } from '../../src/contract/problem-table.ts'
import { startTestApp, type TestApp } from '../support/fixtures/test-app.ts'
import { expectProblem } from '../support/http/expect-problem.ts'
import { type HttpAnswer, header } from '../support/http/http-answer.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { requestBytes } from '../support/http/request-bytes.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

async function get(target: string, accept = '*/*'): Promise<HttpAnswer> {
  const bytes = requestBytes({ method: 'GET', target, more: [`Accept: ${accept}`] })
  const [answer] = await rawRequest(app.port, bytes)
  if (answer === undefined) throw new Error('no answer')
  return answer
}

test.each(problemCodes)('the type of %s leads to a page with its meaning and action', async code => {
  const answer = await get(`/problems/${code}`)
  expect(answer.status).toBe(200)
  expect(header(answer, 'vary')).toBe('accept')
  expect(JSON.parse(answer.body)).toStrictEqual({ code, ...problemTable[code] })
  const page = await get(`/problems/${code}`, 'text/html,application/xhtml+xml')
  expect(header(page, 'content-type')).toBe('text/html; charset=utf-8')
  expect(page.body).toContain(`<section id="${code}">`)
  expect(page.body).not.toMatch(/<script|https?:/)
})

test('the list holds every problem, in both forms', async () => {
  const { problems } = JSON.parse((await get('/problems')).body)
  expect(problems.map(({ code }: { code: string }) => code)).toEqual(problemCodes)
  const page = await get('/problems', 'text/html')
  for (const code of problemCodes) expect(page.body).toContain(`<section id="${code}">`)
})

test.each(['nothing_such', '__proto__', 'constructor', 'toString', 'Rate_Limited', '%3Cscript%3E'])(
  'an unknown code is not found, and not repeated: %s',
  async code => {
    const answer = await get(`/problems/${code}`, 'text/html')
    expectProblem(answer, 'route_not_found')
    expect(answer.body).not.toContain('script')
    expect(answer.body).not.toContain(code)
  }
)
