import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { version } from '../../../src/base/version.ts'
import { describeAdminApi } from '../../../src/cli/commands/openapi.ts'
import { startSandbox } from '../../../src/sandbox/sandbox.ts'
import { gatewayForFile } from '../../support/fixtures/gateway-for-file.ts'
import { askAdmin, issueAdminKeys } from '../../support/http/admin-client.ts'

const stored = readFileSync(new URL('../../../openapi/admin.json', import.meta.url), 'utf8')
const document = JSON.parse(stored)
const file = gatewayForFile({ prepare: issueAdminKeys })

test('the stored description is what the routes make; if this fails, run `npm run openapi`', async () => {
  expect(stored).toBe(await describeAdminApi(version))
})

test('it is OpenAPI 3.1, names every code that can come, and every route under /admin needs a key', () => {
  expect(document.openapi).toMatch(/^3\.1\./)
  const { enum: codes } = document.components.schemas.Problem.properties.code
  expect(codes).toEqual(expect.arrayContaining(['tenant_exists', 'permission_denied', 'request_not_found']))
  expect(codes).not.toContain('upstream_busy')
  for (const [path, methods] of Object.entries<Record<string, { security?: unknown }>>(document.paths))
    for (const { security } of Object.values(methods))
      expect(security, path).toEqual(path.startsWith('/admin') ? [{ bearer: [] }] : undefined)
  expect(Object.keys(document.components.securitySchemes)).toEqual(['bearer'])
})

test('lists take a number as their limit, and connectors in examples are those of the sandbox', async () => {
  const limits = Object.values<Record<string, { parameters?: { name: string; schema: object }[] }>>(
    document.paths
  ).flatMap(methods =>
    Object.values(methods).flatMap(({ parameters = [] }) => parameters.filter(({ name }) => name === 'limit'))
  )
  expect(limits.length).toBeGreaterThan(5)
  for (const { schema } of limits)
    expect(schema).toEqual({ type: 'integer', minimum: 1, maximum: 100, default: 20 })
  const ids =
    stored.match(/(?<="(?:example|examples)": \[?\s*")[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? []
  expect(ids.length).toBeGreaterThan(0)
  const sandbox = await startSandbox()
  await sandbox.close()
  for (const id of ids) expect(sandbox.connectors.map(each => each.connector_id)).toContain(id)
})

test('a viewer gets the same description from the listener', async () => {
  const { adminPort, prepared } = file.gateway
  const answer = await askAdmin(adminPort, { target: '/admin/openapi.json', key: prepared.viewer })
  expect(JSON.parse(answer.body)).toEqual(document)
})
