import fc from 'fast-check'
import { expect } from 'vitest'
import { testWithGateway } from '../support/fixtures/test.ts'
import { expectProblem } from '../support/http/expect-problem.ts'
import type { HttpAnswer } from '../support/http/http-answer.ts'
import { rawConnection, rawRequest } from '../support/http/raw-connection.ts'
import { chunked, requestBytes, syncBytes } from '../support/http/request-bytes.ts'

const test = testWithGateway()

/** One change to a text of bytes, at a position given in ten-thousandths of its length. */
type Change = { readonly at: number; readonly cut: number; readonly put: string }

const pieces = fc.oneof(
  fc.constantFrom(
    ...['\r\n', '\n', '\r', '\0', ' ', '\t', ':', ',', ';', '\r\n\r\n', '0\r\n\r\n', '\xff', '%', '{', '"'],
    ...['Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', 'Expect: x\r\n', 'Connection: close\r\n'],
    ...[
      'Host: b\r\n',
      'Upgrade: h2c\r\n',
      'HTTP/1.1',
      'GET / HTTP/1.1\r\n\r\n',
      'CONNECT a:1 HTTP/1.1\r\n\r\n'
    ]
  ),
  fc.string({ unit: 'binary-ascii', maxLength: 6 })
)
const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.record({ at: fc.noBias(fc.nat(9999)), cut: fc.nat(2), put: pieces }),
  { maxLength: 2 }
)

function changed(bytes: string, list: readonly Change[]): string {
  return list.reduce((text, { at, cut, put }) => {
    const position = Math.floor((at / 10_000) * text.length)
    return text.slice(0, position) + put + text.slice(position + cut)
  }, bytes)
}

/** Passes for any problem of the table, with whatever members apply to it. */
function expectDocumented(answer: HttpAnswer): void {
  const { code, forwarded, errors, retry_after, upstream } = JSON.parse(answer.body)
  expectProblem(answer, code, {
    forwarded,
    ...(errors && { errors }),
    ...(upstream && { upstream }),
    ...(retry_after !== undefined && { retryAfter: retry_after })
  })
}

/** Takes as long as a few requests of others. */
async function othersAreAnswered(port: number): Promise<void> {
  const probe = requestBytes({ method: 'GET', target: '/livez' })
  for (let round = 0; round < 3; round++) await rawRequest(port, probe)
}

test('a mutated request is answered as documented or not at all', async ({ gateway }) => {
  const call = { key: gateway.key, connectorId: gateway.connectors.sharepoint }
  const originals = [
    syncBytes(call),
    syncBytes(call, { body: chunked('{}'), framing: 'Transfer-Encoding: chunked' }),
    Buffer.concat([syncBytes(call), syncBytes({ ...call, key: null })]),
    requestBytes({ method: 'GET', target: '/problems/sealed' })
  ].map(bytes => bytes.toString('latin1'))

  const statuses = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...originals), changes, fc.boolean(), async (original, list, whole) => {
      const bytes = changed(original, list)
      const connection = await rawConnection(gateway.port)
      // In one piece, or as two packets.
      const half = whole ? bytes.length : bytes.length >> 1
      connection.write(bytes.slice(0, half))
      if (!whole) connection.write(bytes.slice(half))
      // What is not answered by the time that others have been waits for more: it is cut.
      await Promise.race([connection.answers(1), othersAreAnswered(gateway.port)])
      connection.finish()
      for (const answer of await connection.ended) {
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        if (answer.status === 200) expect(answer.headers.map(([name]) => name)).toContain('x-request-id')
        else expectDocumented(answer)
      }
    }),
    { numRuns: 400 }
  )

  // It is no test if all of it is refused, or nothing.
  for (const status of [200, 400, 401]) expect(statuses.get(status), `${status}`).toBeGreaterThan(0)
  const [alive] = await rawRequest(gateway.port, requestBytes({ method: 'GET', target: '/livez' }))
  expect(alive?.status).toBe(200)
  // Of all that, nothing went upstream but whole, valid calls.
  const targets = new Set(
    gateway.sandbox.requests().map(({ method, target, body }) => `${method} ${target} ${body}`)
  )
  for (const target of targets)
    expect(target).toMatch(
      /^POST \/contents\/v1\/connectors\/[0-9a-f-]{36}\/sync (\{\}|\{"date_limit":"[0-9-]{10}"\})$/
    )
  expect(gateway.logged()).not.toContain('internal error')
})
