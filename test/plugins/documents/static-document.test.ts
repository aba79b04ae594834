import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { StaticDocument, type StaticDocumentOptions } from '../../../src/plugins/documents/static-document.ts'

/** Asks for one document, again and again. */
function serve(options: Partial<StaticDocumentOptions>) {
  const document = new StaticDocument({ type: 'text/plain', load: () => 'text', ...options })
  const app = Fastify()
  app.get('/', (request, reply) => document.answer(request, reply))
  return (headers: Record<string, string> = {}) => app.inject({ url: '/', headers })
}

test('the first request loads the content, once for all that come meanwhile', async () => {
  let asked = 0
  const loading = Promise.withResolvers<string>()
  const ask = serve({
    load() {
      asked++
      return loading.promise
    }
  })
  expect(asked).toBe(0)
  const answers = [ask(), ask(), ask({ 'accept-encoding': 'gzip' })]
  loading.resolve('x'.repeat(5_000))
  const [first, second, packed] = await Promise.all(answers)
  expect(first?.body).toBe('x'.repeat(5_000))
  expect(second?.headers['etag']).toBe(first?.headers['etag'])
  expect(packed?.headers['content-encoding']).toBe('gzip')
  expect((await ask()).body).toBe(first?.body)
  expect(asked).toBe(1)
})

test('content that could not be loaded is loaded again by the next request', async () => {
  let broken = true
  const ask = serve({
    async load() {
      if (broken) throw new Error('no file can be opened')
      return 'text'
    }
  })
  expect((await Promise.all([ask(), ask()])).map(({ statusCode }) => statusCode)).toEqual([500, 500])
  broken = false
  expect((await ask()).body).toBe('text')
})

test('a document that compression does not make smaller is sent as it is', async () => {
  const noise = crypto.getRandomValues(Buffer.alloc(2_000))
  const ask = serve({ type: 'image/png', load: () => noise })
  const { headers, rawPayload } = await ask({ 'accept-encoding': 'gzip' })
  expect(headers['content-encoding']).toBeUndefined()
  expect(headers['vary']).toBeUndefined()
  expect(rawPayload.equals(noise)).toBe(true)
})

test('an If-Match with another version is refused, one with any representation of this version is not', async () => {
  const ask = serve({ load: () => 'x'.repeat(5_000) })
  const { headers } = await ask({ 'accept-encoding': 'gzip' })
  const status = async (tags: string) => (await ask({ 'if-match': tags })).statusCode
  expect(await status('"other"')).toBe(400)
  expect(await status(`W/${headers['etag']}`)).toBe(400)
  expect(await status(`"other" , ${headers['etag']}`)).toBe(200)
  expect(await status('*')).toBe(200)
})
