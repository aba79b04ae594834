import { ofBodies, tenantProblems } from '../../contract/problem-responses.ts'
import { CalendarDate, noQuery, tenantSecurity } from '../../contract/schemas.ts'
import { SyncAccepted, SyncBody, SyncParams } from '../../contract/sync-request.ts'
import type { Route } from '../../plugins/scope.ts'
import { callerOf } from '../../plugins/tenant-auth.ts'
import { requiredPermission } from '../../tenants/access-policy.ts'
import type { ContentApi } from '../../upstream/content-api.ts'

const refusals = tenantProblems({ pointer: '/date_limit', detail: `must be ${CalendarDate.description}` }, [
  ...ofBodies,
  'request_refused',
  'connector_not_found',
  'upstream_credential_rejected',
  'upstream_refused',
  'upstream_failed',
  'upstream_answer_invalid',
  'upstream_unreachable',
  'upstream_busy',
  'ledger_unavailable',
  'upstream_timeout'
])

type SyncDependencies = {
  readonly contentApi: Pick<ContentApi, 'startSync'>
  readonly operationId: string
  /** The scheme in its description. */
  readonly scheme: keyof typeof tenantSecurity
}

/** POST …/connectors/:id/sync asks the upstream to queue one sync run. It does not wait for the run to finish. */
export const syncConnector: Route<SyncDependencies> = (scope, { contentApi, operationId, scheme }) => {
  scope.post(
    '/connectors/:id/sync',
    {
      config: { ledger: 'connector.sync', permission: requiredPermission['connector.sync'] },
      schema: {
        operationId,
        summary: 'Trigger a sync of one connector',
        description:
          'The upstream starts a sync for each call. An Idempotency-Key is refused: before you repeat a call, look at `retryable` and `forwarded` of its problem.',
        tags: ['connectors'],
        security: tenantSecurity[scheme],
        params: SyncParams,
        querystring: noQuery,
        body: SyncBody,
        response: { 200: SyncAccepted, ...refusals }
      }
    },
    function startSync(request) {
      return contentApi.startSync({
        call: request.call,
        caller: callerOf(request),
        connectorId: request.params.id,
        dateLimit: request.body.date_limit
      })
    }
  )
}
