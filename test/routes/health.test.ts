import { expect, test } from 'vitest'
import { Problem } from '../../src/problems.ts'
import { expectProblem } from '../support/expect-problem.ts'
import { header } from '../support/http-answer.ts'
import { rawRequest } from '../support/raw-connection.ts'
import { requestBytes } from '../support/request-bytes.ts'
import { startTestApp } from '../support/test-app.ts'

const get = (target: string) => requestBytes({ method: 'GET', target })

test('a process that cannot forward calls is alive and not ready, and says why', async () => {
  let reason: Problem | null = new Problem('ledger_unavailable')
  const app = await startTestApp({ unreadiness: () => reason })
  const [live] = await rawRequest(app.port, get('/livez'))
  const [ready] = await rawRequest(app.port, get('/readyz'))
  reason = null
  const [again] = await rawRequest(app.port, get('/readyz'))
  await app.close()
  expect(live?.body).toBe('{"status":"ok"}')
  expectProblem(ready, 'ledger_unavailable')
  expect(again?.body).toBe('{"status":"ok"}')
})

test('a process that forwards calls though something is wrong is ready, and lists what it is', async () => {
  const app = await startTestApp({ degradations: () => ['ledger_incomplete'] })
  const [live] = await rawRequest(app.port, get('/livez'))
  const [ready] = await rawRequest(app.port, get('/readyz'))
  await app.close()
  expect(live?.body).toBe('{"status":"ok"}')
  expect(ready?.status).toBe(200)
  expect(ready?.body).toBe('{"status":"degraded","degraded":["ledger_incomplete"]}')
})

test('while it drains a process answers its health on connections that are open, and closes them', async () => {
  const app = await startTestApp()
  app.lifecycle.draining = true
  const [answer] = await rawRequest(app.port, get('/livez'))
  const [other] = await rawRequest(app.port, get('/problems'))
  await app.close()
  expect(answer?.status).toBe(200)
  expect(answer && header(answer, 'connection')).toBe('close')
  expectProblem(other, 'shutting_down', { retryAfter: 1 })
})

test('health needs no key and costs no limit', async () => {
  const app = await startTestApp()
  const answers = await Promise.all(Array.from({ length: 200 }, () => rawRequest(app.port, get('/livez'))))
  await app.close()
  expect(new Set(answers.map(([answer]) => answer?.status))).toEqual(new Set([200]))
  expect(answers[0]?.[0]?.headers.map(([name]) => name)).not.toContain('ratelimit')
})
