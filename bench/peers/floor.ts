/**
 * The floor of this stack: Fastify with one route, the gateway's own schemas and serializer, and undici's
 * `Pool.dispatch`. No keys, limits, ledger, envelope or log. Usage: node floor.ts PORT UPSTREAM_PORT
 */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify from 'fastify'
import { type Dispatcher, Pool } from 'undici'
import { SyncAccepted, SyncBody, SyncParams } from '../../src/contract/sync-request.ts'
import { upstreamKey } from '../fixture.ts'
import { leaveWithParent } from '../leave-with-parent.ts'

const pool = new Pool(`http://127.0.0.1:${process.argv[3]}`, { connections: 64, pipelining: 1 })
const headers = { 'x-api-key': upstreamKey, 'content-type': 'application/json' }

/** What the upstream answered. */
type Answer = { readonly status: number; readonly body: string }

/** Sends one sync and collects its answer. */
function forward(path: string, body: string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  let status = 0
  let text = ''
  const handler: Dispatcher.DispatchHandler = {
    // undici tells handlers of this form from older ones by this method.
    onRequestStart() {},
    onResponseStart(_controller, statusCode) {
      status = statusCode
    },
    onResponseData(_controller, chunk) {
      text += chunk.toString('utf8')
    },
    onResponseEnd: () => resolve({ status, body: text }),
    onResponseError: (_controller, error) => reject(error)
  }
  pool.dispatch({ method: 'POST', path, headers, body }, handler)
  return promise
}

const server = fastify().withTypeProvider<TypeBoxTypeProvider>()
server.post(
  '/contents/v1/connectors/:id/sync',
  { schema: { params: SyncParams, body: SyncBody, response: { 200: SyncAccepted } } },
  async request => {
    const path = `/contents/v1/connectors/${request.params.id}/sync`
    const { status, body } = await forward(path, JSON.stringify(request.body))
    if (status !== 200) throw new Error(`the upstream answered ${status}`)
    return JSON.parse(body)
  }
)

leaveWithParent()
await server.listen({ port: Number(process.argv[2]), host: '127.0.0.1' })
