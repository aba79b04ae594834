/**
 * Bare @fastify/http-proxy: the plugin with its defaults, but for the size of the pool, which is everyone's.
 * It holds no key: the caller's X-API-KEY passes through. Usage: node http-proxy.ts PORT UPSTREAM_PORT
 */
import proxy from '@fastify/http-proxy'
import fastify from 'fastify'
import { leaveWithParent } from '../leave-with-parent.ts'

const server = fastify()
await server.register(proxy, {
  upstream: `http://127.0.0.1:${process.argv[3]}`,
  undici: { connections: 64, pipelining: 1 }
})

leaveWithParent()
await server.listen({ port: Number(process.argv[2]), host: '127.0.0.1' })
