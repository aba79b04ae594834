import fp from 'fastify-plugin'
import type { Ledger } from '../ledger/ledger.ts'
import { toProblem } from './problem-envelope.ts'
import { auditFields } from './request-context.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The operation's name in the ledger. A route that has one is a call: its refusals are recorded. */
    ledger?: string
  }
}

/** Records in the ledger each call that was refused before its intent. */
export const auditRejections = fp<{ ledger: Pick<Ledger, 'recordRejection'> }>(
  async function auditRejections(scope, { ledger }) {
    scope.addHook('onError', function recordRejection(request, _reply, error, done) {
      const operation = request.routeOptions.config.ledger
      const { call } = request
      if (operation !== undefined && !call.recorded) {
        const { code, status, options } = toProblem(error, request)
        ledger.recordRejection({
          request_id: call.requestId,
          code,
          status,
          ...auditFields(request),
          operation,
          limit: options.logFields?.limit
        })
      }
      done()
    })
  },
  { name: 'audit-rejections', dependencies: ['problem-envelope', 'request-context', 'tenant-auth'] }
)
