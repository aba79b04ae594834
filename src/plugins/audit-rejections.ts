import fp from 'fastify-plugin'
import type { Ledger } from '../ledger/ledger.ts'
import { connectorIdOf } from './connector-id-of.ts'
import { toProblem } from './problem-envelope.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Names the operation in the ledger. A route that has it is a call: its refusals are recorded. */
    ledger?: string
  }
}

/** Records in the ledger each call that was refused before an intent was made. */
export const auditRejections = fp<{ ledger: Pick<Ledger, 'recordRejection'> }>(
  async function rejectionRecord(scope, { ledger }) {
    scope.addHook('onError', function recordRejection(request, _reply, error, done) {
      const operation = request.routeOptions.config.ledger
      const { call, caller } = request
      if (operation !== undefined && !call.recorded) {
        const { code, status, options } = toProblem(error, request)
        ledger.recordRejection({
          request_id: call.requestId,
          code,
          status,
          client_ip: call.clientIp,
          tenant: caller?.tenant.name ?? call.failure?.tenant,
          key_id: caller?.keyId ?? call.failure?.keyId,
          reason: call.failure?.reason,
          connector_id: connectorIdOf(request),
          operation,
          limit: options.facts?.limit
        })
      }
      done()
    })
  },
  { name: 'audit-rejections', dependencies: ['problem-envelope', 'request-context', 'tenant-auth'] }
)
