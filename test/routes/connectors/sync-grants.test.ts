import { describe, expect, test } from 'vitest'
import { addGrants, removeGrants } from '../../../src/tenants/grants.ts'
import { gatewayForFile } from '../../support/fixtures/gateway-for-file.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { type HttpAnswer, header } from '../../support/http/http-answer.ts'
import { rawConnection, rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

const nobodys = '00000000-0000-4000-8000-000000000000'
const file = gatewayForFile({
  prepare: async ({ addTenant }) => ({
    none: await addTenant({ name: 'none', connectors: [] }),
    other: await addTenant({ name: 'other', connectors: [nobodys] }),
    changing: await addTenant({ name: 'changing', connectors: [] })
  })
})

/** All but what must differ: the request id, the date, and what is left of the limit. */
function comparable(answer: HttpAnswer | undefined): unknown {
  if (answer === undefined) throw new Error('no answer')
  const own = ['x-request-id', 'date', 'ratelimit']
  return {
    ...answer,
    headers: answer.headers.filter(([name]) => !own.includes(name)),
    body: answer.body.replace(header(answer, 'x-request-id') ?? '', 'ID')
  }
}

async function send(key: string, connectorId: string, body = '{}'): Promise<HttpAnswer | undefined> {
  return (await rawRequest(file.gateway.port, syncBytes({ key, connectorId }, { body })))[0]
}

describe('a connector of another tenant', () => {
  test('is answered exactly as one that nobody has, and neither is requested upstream', async () => {
    const { prepared, connectors, sandbox } = file.gateway
    const before = sandbox.counters().requests
    for (const body of ['{}', '{"date_limit":"2026-01-01"}']) {
      const theirs = await send(prepared.none, connectors.sharepoint, body)
      const nobody = await send(prepared.none, nobodys, body)
      expectProblem(theirs, 'connector_not_found')
      expect(comparable(theirs)).toStrictEqual(comparable(nobody))
    }
    expect(sandbox.counters().requests).toBe(before)
  })

  test('differs from one that is granted and unknown upstream only by the request upstream', async () => {
    const { prepared, connectors } = file.gateway
    const granted = await send(prepared.other, nobodys)
    const upstream = { status: 404, code: 'NotFound', request_id: expect.any(String) }
    const known = expectProblem(granted, 'connector_not_found', { forwarded: 'yes', upstream })
    const refused = expectProblem(await send(prepared.other, connectors.email), 'connector_not_found')
    expect(known.detail).toBe(refused.detail)
  })

  test('is recorded as a refusal with the tenant and the connector', async () => {
    const { prepared, connectors, entries } = file.gateway
    const { request_id } = JSON.parse((await send(prepared.none, connectors.email))?.body ?? '')
    await expect
      .poll(() => entries().find(entry => entry.request_id === request_id))
      .toMatchObject({
        kind: 'call.rejected',
        code: 'connector_not_found',
        tenant: 'none',
        connector_id: connectors.email,
        status: 404
      })
  })
})

test('a grant that is added or removed while the gateway runs takes effect on a kept connection', async () => {
  const { prepared, connectors, administration, port } = file.gateway
  const connection = await rawConnection(port)
  const bytes = syncBytes({ key: prepared.changing, connectorId: connectors.sharepoint })
  let sent = 0
  const nextStatus = async () => {
    connection.write(bytes)
    sent++
    return (await connection.answers(sent))[sent - 1]?.status
  }
  expect(await nextStatus()).toBe(404)
  await addGrants(administration, 'changing', [connectors.sharepoint.toUpperCase()])
  await expect.poll(nextStatus).toBe(200)
  await removeGrants(administration, 'changing', [connectors.sharepoint])
  await expect.poll(nextStatus).toBe(404)
  connection.close()
})
