import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest'
import { Problem } from '../../../src/contract/problem.ts'
import { test } from '../../support/fixtures/test.ts'
import { buildTestAdminApp } from '../../support/fixtures/test-admin-app.ts'
import { startTestApp } from '../../support/fixtures/test-app.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { type HttpAnswer, header } from '../../support/http/http-answer.ts'
import { rawConnection, rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes } from '../../support/http/request-bytes.ts'

const get = (target: string) => requestBytes({ method: 'GET', target })

test('a process that cannot forward calls is alive and not ready, and says why', async ({ startApp }) => {
  let reason: Problem | null = new Problem('ledger_unavailable')
  const app = await startApp({ unreadiness: () => reason })
  const [live] = await rawRequest(app.port, get('/livez'))
  const [ready] = await rawRequest(app.port, get('/readyz'))
  reason = null
  const [again] = await rawRequest(app.port, get('/readyz'))
  expect(live?.body).toBe('{"status":"ok"}')
  expectProblem(ready, 'ledger_unavailable')
  expect(again?.body).toBe('{"status":"ok"}')
})

test('a degraded process that forwards calls is ready, and lists its degradations', async ({ startApp }) => {
  const app = await startApp({ degradations: () => ['ledger_incomplete'] })
  const [live] = await rawRequest(app.port, get('/livez'))
  const [ready] = await rawRequest(app.port, get('/readyz'))
  expect(live?.body).toBe('{"status":"ok"}')
  expect(ready?.status).toBe(200)
  expect(ready?.body).toBe('{"status":"degraded","degraded":["ledger_incomplete"]}')
})

test('a draining process answers health on open connections, and closes them', async ({ startApp }) => {
  const app = await startApp()
  app.processState.draining = true
  const [answer] = await rawRequest(app.port, get('/livez'))
  const [other] = await rawRequest(app.port, get('/problems'))
  expect(answer?.status).toBe(200)
  expect(answer && header(answer, 'connection')).toBe('close')
  expectProblem(other, 'shutting_down', { retryAfter: 1 })
})

describe.each(['public', 'admin'] as const)('on the %s listener HEAD is GET without its body:', listener => {
  let unready: Problem | null = null
  let port: number
  let close: () => Promise<unknown>
  beforeAll(async () => {
    const dependencies = { unreadiness: () => unready }
    if (listener === 'public') {
      const app = await startTestApp(dependencies)
      port = app.port
      close = app.close
    } else {
      const app = await buildTestAdminApp(dependencies)
      port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
      close = () => app.close()
    }
  })
  beforeEach(() => {
    unready = null
  })
  afterAll(() => close())

  const ask = async (method: string, target: string) => {
    const bytes = requestBytes({ method, target, more: ['Connection: close'], framing: null })
    const connection = await rawConnection(port, { bodiless: method === 'HEAD' })
    connection.write(bytes)
    // Throws when bytes came behind the head.
    const [answer] = await connection.ended
    if (answer === undefined) throw new Error('no answer')
    return answer
  }
  const headersOf = ({ headers }: HttpAnswer) =>
    headers.filter(([name]) => name !== 'x-request-id' && name !== 'date')

  test.each([
    ['/livez', 200, null],
    ['/readyz', 200, null],
    ['/readyz', 503, 'sealed']
  ] as const)('%s, %i', async (target, status, code) => {
    unready = code && new Problem(code)
    const [get, head] = [await ask('GET', target), await ask('HEAD', target)]
    expect(head.status).toBe(status)
    expect(get.status).toBe(status)
    expect(headersOf(head)).toEqual(headersOf(get))
    expect(header(head, 'content-length')).toBe(String(Buffer.byteLength(get.body)))
    expect(head.body).toBe('')
  })

  test('and other methods are refused with both', async () => {
    for (const target of ['/livez', '/readyz']) {
      const answer = await ask('DELETE', target)
      expectProblem(answer, 'method_not_allowed')
      expect(header(answer, 'allow')).toBe('GET, HEAD')
    }
  })
})

test('health needs no key and uses up no limit', async ({ startApp }) => {
  const app = await startApp()
  const answers = await Promise.all(Array.from({ length: 200 }, () => rawRequest(app.port, get('/livez'))))
  expect(new Set(answers.map(([answer]) => answer?.status))).toEqual(new Set([200]))
  expect(answers[0]?.[0]?.headers.map(([name]) => name)).not.toContain('ratelimit')
})
