/**
 * What a team would put together from the usual plugins to do the gateway's work: authentication, a rate
 * limit, request logs to a file and the upstream's key kept from callers. No ledger, no validation, no
 * envelope. Usage: node assembled.ts PORT UPSTREAM_PORT LOG_FILE
 */
import bearerAuth from '@fastify/bearer-auth'
import proxy from '@fastify/http-proxy'
import rateLimit from '@fastify/rate-limit'
import fastify from 'fastify'
import { destination } from 'pino'
import { callerKey, upstreamKey } from '../fixture.ts'
import { leaveWithParent } from '../leave-with-parent.ts'

const [port, upstreamPort, logFile] = process.argv.slice(2)

const server = fastify({
  // Asynchronous and buffered, the cheaper of pino's ways to a file: the peer is to be as good as it can be.
  logger: { stream: destination({ dest: logFile as string, sync: false, minLength: 4096 }) }
})
// High enough never to refuse: what is measured is the cost of counting.
await server.register(rateLimit, { max: 1_000_000_000, timeWindow: '1 minute' })
await server.register(bearerAuth, { keys: new Set([callerKey]) })
await server.register(proxy, {
  upstream: `http://127.0.0.1:${upstreamPort}`,
  undici: { connections: 64, pipelining: 1 },
  replyOptions: {
    rewriteRequestHeaders: (_request, { authorization: _authorization, ...headers }) => ({
      ...headers,
      'x-api-key': upstreamKey
    })
  }
})

leaveWithParent()
await server.listen({ port: Number(port), host: '127.0.0.1' })
