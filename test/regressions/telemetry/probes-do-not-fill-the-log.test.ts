import { expect } from 'vitest'
import { Problem, type ProblemCode } from '../../../src/contract/problem.ts'
import { opened, test as plainTest } from '../../support/fixtures/test.ts'
import { startTestApp, type TestApp } from '../../support/fixtures/test-app.ts'
import { marker } from '../../support/http/expect-refusal.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes } from '../../support/http/request-bytes.ts'

const [debug, info, warn] = [20, 30, 40]

let unready: ProblemCode | null
const test = plainTest.extend(
  'app',
  opened(() => {
    unready = null
    return startTestApp({ unreadiness: () => (unready === null ? null : new Problem(unready)) })
  })
)

/** Asks, and gives the level and the code of the line. */
async function probed(app: TestApp, target = '/readyz', more: readonly string[] = []): Promise<unknown[]> {
  const before = lines(app).length
  await rawRequest(app.port, requestBytes({ method: 'GET', target, more: [...more] }))
  await expect.poll(() => lines(app).length).toBe(before + 1)
  const { level, code, msg } = lines(app).at(-1) ?? {}
  expect(msg).toBe('request completed')
  return code === undefined ? [level] : [level, code]
}

function lines(app: TestApp): Record<string, unknown>[] {
  return app
    .logged()
    .split('\n')
    .filter(line => line.includes('"request_id"'))
    .map(line => JSON.parse(line))
}

test('probes of a healthy gateway are logged at debug', async ({ app }) => {
  expect(await probed(app, '/livez')).toEqual([debug])
  expect(await probed(app)).toEqual([debug])
  expect(await probed(app)).toEqual([debug])
})

test('the first probe that finds the gateway unready is a warning, and the first that finds it ready again is logged too', async ({
  app
}) => {
  unready = 'ledger_unavailable'
  expect(await probed(app)).toEqual([warn, 'ledger_unavailable'])
  expect(await probed(app)).toEqual([debug, 'ledger_unavailable'])
  expect(await probed(app, '/livez')).toEqual([debug])
  expect(await probed(app)).toEqual([debug, 'ledger_unavailable'])
  unready = 'shutting_down'
  expect(await probed(app)).toEqual([warn, 'shutting_down'])
  expect(await probed(app)).toEqual([debug, 'shutting_down'])
  unready = null
  expect(await probed(app)).toEqual([info])
  expect(await probed(app)).toEqual([debug])
})

test('a probe that is itself refused says nothing of health, and is logged as every refusal', async ({
  app
}) => {
  const bad = [`X-Api-Key: ${marker}`, 'X-Api-Key: another']
  expect(await probed(app, '/readyz', bad)).toEqual([info, 'request_malformed'])
  expect(await probed(app)).toEqual([debug])
  unready = 'sealed'
  expect(await probed(app)).toEqual([warn, 'sealed'])
  expect(await probed(app, '/readyz', bad)).toEqual([info, 'request_malformed'])
  expect(await probed(app)).toEqual([debug, 'sealed'])
})
