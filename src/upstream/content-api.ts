import { type Static, Type } from '@sinclair/typebox'
import { Ajv } from 'ajv'
import { schemaCompilerOptions } from '../base/schema-compiler.ts'
import { strictJson } from '../base/strict-json.ts'
import type { Caller } from '../identity/directory.ts'
import { requireGranted } from '../tenants/access-policy.ts'
import { type Call, maxAnswerMembers, type Reading } from './call.ts'
import type { Forward } from './forwarder.ts'

/** The upstream's answer to an accepted sync. Members it may add later are tolerated and not passed on. */
const SyncAccepted = Type.Object({
  connector_id: Type.String(),
  status: Type.String({ pattern: '^[A-Za-z_]{1,32}$' }),
  date_limit: Type.Optional(Type.String())
})
type SyncAccepted = Static<typeof SyncAccepted>
const isSyncAccepted = new Ajv(schemaCompilerOptions).compile<SyncAccepted>(SyncAccepted)

type StartSync = { call: Call; caller: Caller; connectorId: string; dateLimit: string | undefined }

/** The operations of the Content API, on behalf of a tenant. */
export type ContentApi = {
  /**
   * Queues one sync run. Throws `connector_not_found` for a connector that is not granted, exactly as for one that does not
   * exist, and every other Problem of the forwarder.
   */
  startSync(request: StartSync): Promise<SyncAccepted>
}

export function contentApi(forward: Forward): ContentApi {
  return {
    startSync({ call, caller, connectorId, dateLimit }) {
      const id = requireGranted(caller.tenant, connectorId)
      const request = dateLimit === undefined ? {} : { date_limit: dateLimit }
      return forward(
        call,
        { tenant: caller.tenant.name, keyId: caller.keyId, credentials: caller.tenant.credentials },
        {
          name: 'connector.sync',
          method: 'POST',
          path: `/contents/v1/connectors/${id}/sync`,
          connectorId: id,
          request,
          body: JSON.stringify(request),
          read: body => readSyncAccepted(body, id, dateLimit)
        }
      )
    }
  }
}

/** Null unless the answer is about this connector and this date: anything else was not an answer to our call. */
export function readSyncAccepted(
  body: string,
  id: string,
  dateLimit: string | undefined
): Reading<SyncAccepted> | null {
  const answer = strictJson(body, maxAnswerMembers)
  if (!isSyncAccepted(answer) || answer.connector_id.toLowerCase() !== id) return null
  if (answer.date_limit !== undefined && answer.date_limit !== dateLimit) return null
  const { status, date_limit } = answer
  const value =
    date_limit === undefined ? { connector_id: id, status } : { connector_id: id, status, date_limit }
  return { value, state: status }
}
