import fp from 'fastify-plugin'
import { Problem } from '../contract/problem.ts'

/** Refuses a body on a route that takes none, before it is read: a body sent by mistake must not be dropped silently. */
export const rejectBody = fp(
  async function rejectBody(scope) {
    scope.addHook('onRequest', function refuseBody(request, _reply, done) {
      const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers
      const given = encoding !== undefined || Number(length) > 0
      if (!given || request.routeOptions.schema?.body !== undefined) return done()
      done(new Problem('request_invalid', { errors: [{ pointer: '', detail: 'must be empty' }] }))
    })
  },
  { name: 'reject-body', dependencies: ['problem-envelope'] }
)
