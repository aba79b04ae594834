import type { Server } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTestApp, type TestApp, testKey } from '../../support/fixtures/test-app.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawConnection } from '../../support/http/raw-connection.ts'
import { eventually } from '../../support/scenario/wait.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
  Object.assign(app.server as Server, { headersTimeout: 100, requestTimeout: 200 })
})
afterAll(() => app.close())
let seen = 0
beforeEach(() => {
  seen = app.rejections.length
})

const head = (framing: string): string =>
  [
    'POST /connectors/019b76da-a800-7371-bf3c-a5acb5ac0e04/sync HTTP/1.1',
    'Host: gateway',
    `Authorization: Bearer ${testKey}`,
    'Content-Type: application/json',
    framing,
    '',
    '{"d'
  ].join('\r\n')

test.each([
  ['stops', 'request_timeout', head('Content-Length: 50\r\n')],
  ['is framed wrongly', 'request_malformed', head('Transfer-Encoding: chunked\r\n')]
] as const)(
  'a body that %s is refused once: answer, ledger and log have one id and one code',
  async (_what, code, bytes) => {
    const connection = await rawConnection(app.port)
    connection.write(bytes)
    const [answer] = await connection.ended
    const { request_id } = expectProblem(answer, code)
    const rejection = await eventually('the refusal is recorded', () => app.rejections[seen])
    expect(rejection).toMatchObject({ request_id, code, tenant: 'acme', key_id: 'testkey' })
    const line = await eventually('it is logged', () => linesOf(request_id).at(0))
    expect(line).toMatchObject({ msg: 'request completed', code, tenant: 'acme', key_id: 'testkey' })
    expect(app.rejections.slice(seen)).toHaveLength(1)
    expect(linesOf(request_id)).toHaveLength(1)
  }
)

test('a request whose caller leaves during its body is recorded under its own id', async () => {
  const connection = await rawConnection(app.port)
  connection.write(head('Content-Length: 50\r\n'))
  connection.close()
  expect(await eventually('the refusal is recorded', () => app.rejections[seen])).toMatchObject({
    code: 'request_malformed',
    tenant: 'acme'
  })
})

function linesOf(requestId: string): Record<string, unknown>[] {
  const lines = app.logged().split('\n').filter(Boolean)
  return lines.map(line => JSON.parse(line)).filter(line => line.request_id === requestId)
}
