/** Fastify's own hello: what the least of its answers costs. Usage: node hello.ts PORT */
import fastify from 'fastify'
import { leaveWithParent } from '../leave-with-parent.ts'

const server = fastify()
server.get('/', () => ({ hello: 'world' }))

leaveWithParent()
await server.listen({ port: Number(process.argv[2]), host: '127.0.0.1' })
