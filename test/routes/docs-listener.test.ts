import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { docsPageTypes } from '../../src/routes/docs.ts'
import { startTestGateway, type TestGateway } from '../support/fixtures/test-gateway.ts'
import { expectProblem } from '../support/http/expect-problem.ts'
import { getDocument } from '../support/http/get-document.ts'
import { header } from '../support/http/http-answer.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { requestBytes } from '../support/http/request-bytes.ts'

const described = JSON.parse(readFileSync(new URL('../../openapi/gateway.json', import.meta.url), 'utf8'))
const paths = ['/openapi.json', '/docs/json', ...Object.keys(docsPageTypes)]

describe.each([
  { docs: 'public', port: true, adminPort: false },
  { docs: 'admin', port: false, adminPort: true },
  { docs: 'off', port: false, adminPort: false }
] as const)('with GATEWAY_DOCS=$docs', ({ docs, ...shown }) => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startTestGateway({ env: { GATEWAY_DOCS: docs } })
  })
  afterAll(() => gateway.close())

  test.each(['port', 'adminPort'] as const)('the listener of %s shows all documents or none', async which => {
    for (const path of paths)
      if (shown[which]) {
        const { status, headers } = await getDocument(gateway[which], path)
        expect(status, path).toBe(200)
        expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
      } else
        for (const method of ['GET', 'POST']) {
          const [answer] = await rawRequest(gateway[which], requestBytes({ method, target: path }))
          const { request_id } = expectProblem(answer, 'route_not_found')
          expect(answer && header(answer, 'x-request-id')).toBe(request_id)
        }
  })

  test('the shown description is that of the public listener', async () => {
    for (const which of ['port', 'adminPort'] as const) {
      const { status, body } = await getDocument(gateway[which], '/openapi.json')
      if (status === 200) expect(JSON.parse(String(body))).toEqual(described)
    }
  })

  test('the problem pages stay where the envelope points', async () => {
    expect((await getDocument(gateway.port, '/problems/sealed')).status).toBe(200)
  })
})
