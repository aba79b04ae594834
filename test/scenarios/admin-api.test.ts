import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scanForCanary } from '../support/checker/canary.ts'
import { ScenarioClient } from '../support/scenario/client.ts'
import { canaryKey, type RunningGateway, Scenario } from '../support/scenario/scenario.ts'
import { filesBelow } from '../support/scenario/sinks.ts'
import { eventually } from '../support/scenario/wait.ts'

type Issued = { readonly key: string; readonly key_id: string }

/** What a change may take to be effective on another process of the store. */
const effectiveWithinMs = 1000

describe('a change by the admin API of one gateway is effective at another within a second:', () => {
  let scenario: Scenario
  let changing: RunningGateway
  let following: RunningGateway
  let operator: Issued
  const secrets: string[] = []
  /** What was answered, but for the answers in which a key was issued. */
  const answers: { name: string; content: string }[] = []
  beforeAll(async () => {
    scenario = await Scenario.start({ env: { GATEWAY_LOG_LEVEL: 'debug' } })
    operator = await scenario.json('admin-key', 'issue', 'operator', '--role', 'operator')
    secrets.push(operator.key)
    changing = await scenario.startGateway()
    following = await scenario.startGateway()
  })
  afterAll(() => scenario.close())

  /** Asks an admin listener; the status and the answer. */
  async function ask(
    method: string,
    path: string,
    body: unknown = '',
    { key = operator.key, at = changing } = {}
  ) {
    const client = new ScenarioClient(at.adminPort)
    const text = body === '' ? '' : JSON.stringify(body)
    const answer = await client.send({ method, path, body: text, key, connectorId: '' })
    client.close()
    answers.push({ name: `${method} ${path}`, content: JSON.stringify(answer) })
    return { status: answer.status, body: JSON.parse(answer.body) }
  }

  async function newTenant(name: string): Promise<Issued> {
    const made = await ask('POST', '/admin/tenants', { name, burst: 1_000_000, connectors: ['*'] })
    expect(made.status).toBe(201)
    const { body } = await ask('POST', `/admin/tenants/${name}/keys`, {})
    answers.pop()
    secrets.push(body.key)
    return body
  }

  async function sync({ port }: RunningGateway, key: string): Promise<number | undefined> {
    const client = new ScenarioClient(port)
    const call = await client.send(scenario.nextSync(key))
    client.close()
    scenario.calls.push(call)
    return call.status
  }

  const becomes = (at: RunningGateway, key: string, status: number) =>
    eventually(`the answer becomes ${status}`, async () => (await sync(at, key)) === status, {
      withinMs: effectiveWithinMs
    })

  test('a tenant, its grants, disabling and revocation', async () => {
    const { key, key_id } = await newTenant('acme')
    expect(await sync(changing, key)).toBe(200)
    await becomes(following, key, 200)
    const steps: readonly [method: string, path: string, body: unknown, status: number][] = [
      ['DELETE', '/admin/tenants/acme/grants/*', '', 404],
      ['PUT', '/admin/tenants/acme/grants/*', '', 200],
      ['PATCH', '/admin/tenants/acme', { disabled: true }, 401],
      ['PATCH', '/admin/tenants/acme', { disabled: false }, 200],
      ['DELETE', `/admin/keys/${key_id}`, '', 401]
    ]
    for (const [method, path, body, status] of steps) {
      expect((await ask(method, path, body)).status).toBe(200)
      expect(await sync(changing, key), `${method} ${path}`).toBe(status)
      await becomes(following, key, status)
    }
  })

  test('an admin key that is issued, or revoked, by the command line, on every process', async () => {
    const { key, key_id } = await scenario.json<Issued>('admin-key', 'issue', 'passing', '--role', 'viewer')
    secrets.push(key)
    const both = async (status: number) => {
      for (const at of [changing, following])
        await eventually(
          `the admin listener answers ${status}`,
          async () => (await ask('GET', '/admin/limits', '', { key, at })).status === status,
          { withinMs: effectiveWithinMs }
        )
    }
    await both(200)
    await scenario.json('admin-key', 'revoke', key_id)
    await both(401)
  })

  test('what is answered is what the command line prints', async () => {
    await newTenant('same')
    const [tenant, tenants, keys, grants] = [
      await ask('GET', '/admin/tenants/same'),
      await ask('GET', '/admin/tenants?limit=100'),
      await ask('GET', '/admin/tenants/same/keys'),
      await ask('GET', '/admin/tenants/same/grants')
    ]
    expect(tenant.body).toEqual(await scenario.json('tenant', 'show', 'same'))
    expect(tenants.body).toEqual(await scenario.json('tenant', 'list'))
    expect(keys.body).toEqual(await scenario.json('key', 'list', 'same'))
    expect(grants.body).toEqual(await scenario.json('grant', 'list', 'same'))
    const words = ['ledger', 'list', '--kind', 'admin.*', '--tenant', 'same', '--limit', '20']
    const entries = await ask('GET', '/admin/ledger?kind=admin.*&tenant=same')
    expect(entries.body).toEqual(await scenario.json(...words))
    expect(entries.body.items.length).toBeGreaterThan(1)
    for (const { actor } of entries.body.items) expect(actor).toBe(`admin-key:${operator.key_id}`)
  })

  test('the ledger verifies, the histories agree, and no key or digest is anywhere', async () => {
    await newTenant('shown')
    expect((await ask('GET', '/admin/tenants/shown/keys')).body.items).toHaveLength(1)
    expect((await scenario.run('ledger', 'verify')).code).toBe(0)
    const sinks = [...answers, ...filesBelow(scenario.folder)]
    expect(scenario.check({ running: true, sinks })).toEqual([])
    expect(scanForCanary(canaryKey, sinks)).toEqual([])
    for (const key of secrets) expect(scanForCanary(key.slice(21, 64), sinks)).toEqual([])
    for (const { name, content } of answers) expect(content, name).not.toMatch(/digest|pepper/)
  })
})
