import { writeFileSync } from 'node:fs'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { loadConfig } from '../../../src/config/config.ts'
import { test } from '../../support/fixtures/test.ts'

/** What Kubernetes puts into the environment of each pod beside a service of this name. */
function linksOf(service: string): Record<string, string> {
  const port = 'tcp://10.96.0.17:8080'
  return {
    [`${service}_SERVICE_HOST`]: '10.96.0.17',
    [`${service}_SERVICE_PORT`]: '8080',
    [`${service}_SERVICE_PORT_HTTP`]: '8080',
    [`${service}_PORT`]: port,
    [`${service}_PORT_8080_TCP`]: port,
    [`${service}_PORT_8080_TCP_PROTO`]: 'tcp',
    [`${service}_PORT_8080_TCP_PORT`]: '8080',
    [`${service}_PORT_8080_TCP_ADDR`]: '10.96.0.17'
  }
}

const sentence =
  'GATEWAY_PORT, GATEWAY_PORT_8080_TCP, GATEWAY_PORT_8080_TCP_ADDR, GATEWAY_PORT_8080_TCP_PORT, ' +
  'GATEWAY_PORT_8080_TCP_PROTO, GATEWAY_SERVICE_HOST, GATEWAY_SERVICE_PORT, GATEWAY_SERVICE_PORT_HTTP are no settings but ' +
  'describe the service gateway, as Kubernetes does, and count as not set: set enableServiceLinks: false in the spec of ' +
  'the pod, or rename the service'

test('variables of a service named gateway count as not set, and one sentence says so', () => {
  const config = loadConfig(linksOf('GATEWAY'), devNull)
  expect(config).toMatchObject({ port: 8080, warnings: [sentence] })
})

test('the sentence about a single variable is in the singular', () => {
  const { warnings } = loadConfig({ GATEWAY_SERVICE_HOST: '10.96.0.17' }, devNull)
  expect(warnings).toEqual([expect.stringMatching(/is no setting but describes .* and counts as not set:/)])
})

test('variables of a service named gateway-admin, which has the name of another setting, count as not set too', () => {
  const { adminPort, warnings } = loadConfig(linksOf('GATEWAY_ADMIN'), devNull)
  expect(adminPort).toBe(8081)
  expect(warnings).toEqual([expect.stringContaining('describe the service gateway-admin,')])
})

test('beside service links the port of the file counts, and so does a port in the environment', async ({
  cli
}) => {
  const file = join(cli.folder, 'gateway.yaml')
  writeFileSync(file, 'GATEWAY_PORT: 9000\n')
  expect(loadConfig(linksOf('GATEWAY'), file).port).toBe(9000)
  expect(loadConfig({ ...linksOf('GATEWAY'), GATEWAY_PORT: '9100' }, file).port).toBe(9100)
})

test('check reports service links once, among its warnings, and other commands do not', async ({ cli }) => {
  const env = {
    ...linksOf('GATEWAY'),
    GATEWAY_PROT: '1',
    GATEWAY_LOGLEVEL: 'info',
    BIGDATA_API_KEY: 'bd_v2_canary'
  }
  const { code, stdout } = await cli.run(['check', '--json'], env)
  expect(code).toBe(0)
  const { warnings } = JSON.parse(stdout) as { warnings: string[] }
  expect(warnings.filter(warning => warning.includes('GATEWAY_'))).toEqual([
    'GATEWAY_PROT, GATEWAY_LOGLEVEL are set but are not settings: did you mean GATEWAY_PORT, GATEWAY_LOG_LEVEL?',
    sentence
  ])
  expect(await cli.run(['tenant', 'create', 'acme'], env)).toMatchObject({ code: 0, stderr: '' })
})
