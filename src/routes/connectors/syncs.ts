import { Type } from '@sinclair/typebox'
import { limitFault, Page, pageOf, pageQuery } from '../../contract/page-schemas.ts'
import { tenantProblems } from '../../contract/problem-responses.ts'
import { answerHeaders, ConnectorId, limitHeaders, strict, tenantSecurity } from '../../contract/schemas.ts'
import { SyncCall } from '../../contract/sync-call.ts'
import type { Route } from '../../plugins/scope.ts'
import { callerOf } from '../../plugins/tenant-auth.ts'
import type { QueryExecutor } from '../../threads/execute-query.ts'

const Params = Type.Object({ id: ConnectorId }, strict)

const Query = Type.Object(
  {
    ...pageQuery,
    cursor: Type.Optional(
      Type.String({ pattern: '^[0-9a-f-]{36}$', description: 'the next of an earlier page of this history' })
    )
  },
  strict
)

const History = Page(SyncCall, {
  description: 'Your calls of this connector, newest first.',
  headers: { ...answerHeaders, ...limitHeaders }
})

/** GET /connectors/:id/syncs: the calls of this tenant, from the ledger. Nothing is sent upstream. */
export const listSyncs: Route<{ history: Pick<QueryExecutor, 'syncHistory'> }> = (scope, { history }) => {
  scope.get(
    '/connectors/:id/syncs',
    {
      config: { permission: 'read' },
      schema: {
        operationId: 'listSyncs',
        summary: 'Your own sync calls of one connector',
        tags: ['connectors'],
        security: tenantSecurity.bearer,
        params: Params,
        querystring: Query,
        response: {
          200: History,
          ...tenantProblems(limitFault, ['connector_not_found', 'store_unavailable'])
        }
      }
    },
    function readHistory(request) {
      return history.syncHistory({
        caller: callerOf(request),
        connectorId: request.params.id,
        ...pageOf(request.query)
      })
    }
  )
}
