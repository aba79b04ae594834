import { afterEach, beforeEach, expect, test } from 'vitest'
import { Problem, type ProblemCode } from '../../../src/contract/problem.ts'
import { startTestApp, type TestApp } from '../../support/fixtures/test-app.ts'
import { marker } from '../../support/http/expect-refusal.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes } from '../../support/http/request-bytes.ts'

const [debug, info, warn] = [20, 30, 40]

let unready: ProblemCode | null
let app: TestApp
beforeEach(async () => {
  unready = null
  app = await startTestApp({ unreadiness: () => (unready === null ? null : new Problem(unready)) })
})
afterEach(() => app.close())

/** Asks, and gives the level and the code of the line. */
async function probed(target = '/readyz', more: readonly string[] = []): Promise<unknown[]> {
  const before = lines().length
  await rawRequest(app.port, requestBytes({ method: 'GET', target, more: [...more] }))
  await expect.poll(() => lines().length).toBe(before + 1)
  const { level, code, msg } = lines().at(-1) ?? {}
  expect(msg).toBe('request completed')
  return code === undefined ? [level] : [level, code]
}

function lines(): Record<string, unknown>[] {
  return app
    .logged()
    .split('\n')
    .filter(line => line.includes('"request_id"'))
    .map(line => JSON.parse(line))
}

test('probes of a healthy gateway are logged at debug', async () => {
  expect(await probed('/livez')).toEqual([debug])
  expect(await probed()).toEqual([debug])
  expect(await probed()).toEqual([debug])
})

test('the first probe that finds the gateway unready is a warning, and the first that finds it ready again is logged too', async () => {
  unready = 'ledger_unavailable'
  expect(await probed()).toEqual([warn, 'ledger_unavailable'])
  expect(await probed()).toEqual([debug, 'ledger_unavailable'])
  expect(await probed('/livez')).toEqual([debug])
  expect(await probed()).toEqual([debug, 'ledger_unavailable'])
  unready = 'shutting_down'
  expect(await probed()).toEqual([warn, 'shutting_down'])
  expect(await probed()).toEqual([debug, 'shutting_down'])
  unready = null
  expect(await probed()).toEqual([info])
  expect(await probed()).toEqual([debug])
})

test('a probe that is itself refused says nothing of health, and is logged as every refusal', async () => {
  const bad = [`X-Api-Key: ${marker}`, 'X-Api-Key: another']
  expect(await probed('/readyz', bad)).toEqual([info, 'request_malformed'])
  expect(await probed()).toEqual([debug])
  unready = 'sealed'
  expect(await probed()).toEqual([warn, 'sealed'])
  expect(await probed('/readyz', bad)).toEqual([info, 'request_malformed'])
  expect(await probed()).toEqual([debug, 'sealed'])
})
