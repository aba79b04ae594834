import { issueAdminKey, revokeAdminKey } from '../../../src/tenants/keys/admin-keys.ts'
import type { TestAdministration } from '../fixtures/test-gateway.ts'
import type { HttpAnswer } from './http-answer.ts'
import { rawRequest } from './raw-connection.ts'
import { requestBytes } from './request-bytes.ts'

/** One admin key of each kind. */
export type AdminKeys = Readonly<Record<'viewer' | 'operator' | 'revoked' | 'expired', string>> & {
  readonly operatorId: string
}

/** Issues them. For `prepare` of a test gateway. */
export async function issueAdminKeys({
  administration,
  adminPepper
}: TestAdministration): Promise<AdminKeys> {
  const issue = (
    name: string,
    role: 'viewer' | 'operator',
    then = administration,
    expiresAt: Date | null = null
  ) => issueAdminKey(then, adminPepper, { name, role, expiresAt })
  const long = { ...administration, clock: () => new Date('2020-01-01') }
  const [viewer, operator, revoked, expired] = [
    await issue('viewer', 'viewer'),
    await issue('operator', 'operator'),
    await issue('revoked', 'operator'),
    await issue('expired', 'operator', long, new Date('2020-01-02'))
  ]
  await revokeAdminKey(administration, revoked.key_id)
  return {
    viewer: viewer.key,
    operator: operator.key,
    operatorId: operator.key_id,
    revoked: revoked.key,
    expired: expired.key
  }
}

/** One request to the admin listener. */
export type AdminRequest = {
  readonly method?: string
  readonly target: string
  readonly key: string | null
  /** Sent as JSON; a text is sent as it is. */
  readonly body?: unknown
  /** The address to send from: failures are counted by address. */
  readonly from?: string
}

/** Sends it over a connection of its own. */
export async function askAdmin(
  port: number,
  { method = 'GET', target, key, body, from }: AdminRequest
): Promise<HttpAnswer> {
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body)
  const bytes = requestBytes({
    method,
    target,
    key,
    ...(text === undefined ? { headers: ['Host: gateway'], framing: null } : { body: text })
  })
  const [answer] = await rawRequest(port, bytes, from === undefined ? {} : { from })
  if (answer === undefined) throw new Error(`no answer to ${method} ${target}`)
  return answer
}
