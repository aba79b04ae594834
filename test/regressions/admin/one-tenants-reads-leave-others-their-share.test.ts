import { afterAll, beforeAll, expect, test } from 'vitest'
import { QueryExecutor } from '../../../src/threads/execute-query.ts'
import { startTestApp, type TestApp, testTenant } from '../../support/fixtures/test-app.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { type RawConnection, rawConnection, rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes } from '../../support/http/request-bytes.ts'

/** A reading thread whose reads for the tenant `busy` take 100 ms each, and for others no time. */
const slowThread = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads'
    parentPort.on('message', ({ id, payload }) => {
      if (payload.tenant === 'busy') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
      parentPort.postMessage({ id, result: { items: [], next: null } })
    })
  `)}`
)

const connector = '019a9612-bfad-758c-884e-37dd8c6ad2cb'
const history = (key: string) =>
  requestBytes({ method: 'GET', target: `/connectors/${connector}/syncs`, key, framing: null })

let app: TestApp
let reader: QueryExecutor
beforeAll(async () => {
  reader = new QueryExecutor({
    storeUrl: 'sqlite:none',
    threadFile: slowThread,
    registerReader: async () => {}
  })
  // Every text is the key of the tenant of that name.
  const directory = {
    authenticate: (key: string) => ({ tenant: { ...testTenant, name: key, burst: 1_000 }, keyId: 'key' })
  }
  app = await startTestApp({ history: reader, directory })
})
afterAll(async () => {
  await app.close()
  await reader.close()
})

// One tenant's 80 sockets took every slot, and the thread answered in the order of arrival.
test('80 sockets of one tenant leave other tenants and administrators their reads', async () => {
  const busy: RawConnection[] = []
  try {
    for (let count = 0; count < 80; count++) busy.push(await rawConnection(app.port))
    for (const connection of busy) connection.write(history('busy'))
    // All of them have been dispatched when one who comes after them is answered.
    await rawRequest(app.port, requestBytes({ method: 'GET', target: '/livez', framing: null }))
    const others = Array.from({ length: 20 }, async (_, index) => {
      const [answer] = await rawRequest(app.port, history(`tenant-${index}`))
      expect(answer?.status, answer?.body).toBe(200)
    })
    const administrators = Array.from({ length: 5 }, async () => {
      expect(await reader.read('listTenants', { limit: 1, cursor: undefined })).toEqual({
        items: [],
        next: null
      })
    })
    await Promise.all([...others, ...administrators])

    // What the busy tenant is refused for is its own share.
    const answers = (await Promise.all(busy.map(connection => connection.answers(1)))).map(
      ([answer]) => answer
    )
    const refused = answers.filter(answer => answer?.status === 503)
    expect(refused.length).toBeGreaterThan(0)
    expect(answers.length - refused.length).toBeGreaterThan(0)
    for (const answer of refused) {
      const { code } = JSON.parse(answer?.body ?? '')
      expect(['overloaded', 'store_unavailable']).toContain(code)
      expectProblem(answer, code, { retryAfter: 1 })
    }
  } finally {
    for (const connection of busy) connection.close()
  }
})
