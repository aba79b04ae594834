import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { ScenarioClient } from '../support/scenario/client.ts'
import { killAll, program, runProgram, ScenarioProcess } from '../support/scenario/process.ts'
import { canaryKey } from '../support/scenario/scenario.ts'

const connectorId = '019a9612-bfad-758c-884e-37dd8c6ad2cb'

/** Any HTTP server: it knows one connector and nothing of the sandbox. */
async function plainUpstream() {
  const received: { request: IncomingMessage; body: string }[] = []
  const server = createServer(async (request, response) => {
    received.push({ request, body: await text(request) })
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ connector_id: connectorId, status: 'accepted' }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { origin: `http://127.0.0.1:${port}`, received, server }
}

test('serve with environment variables alone forwards to any HTTP server on loopback', async () => {
  const { origin, received, server } = await plainUpstream()
  const folder = mkdtempSync(join(tmpdir(), 'gateway-scenario-'))
  const env = {
    BIGDATA_API_KEY: canaryKey,
    GATEWAY_UPSTREAM_ORIGIN: origin,
    GATEWAY_PORT: '0',
    GATEWAY_ADMIN_PORT: '0'
  }
  const run = async (...words: string[]) => await runProgram(words, { env, folder })
  try {
    expect(await run('tenant', 'create', 'acme', '--connectors', '*', '--json')).toMatchObject({ code: 0 })
    const issued = await run('key', 'issue', 'acme', '--json')
    const { key } = JSON.parse(issued.stdout) as { key: string }
    const gateway = ScenarioProcess.start([program, 'serve'], { env, folder, name: 'gateway' })
    const { url } = await gateway.logged(({ msg }) => msg === 'ready')
    const client = new ScenarioClient(Number(new URL(String(url)).port))
    const call = await client.send({ connectorId, body: '{}', key })
    client.close()

    expect(call).toMatchObject({ status: 200 })
    expect(JSON.parse(call.body)).toEqual({ connector_id: connectorId, status: 'accepted' })
    expect(received).toMatchObject([
      {
        body: '{}',
        request: {
          method: 'POST',
          url: `/contents/v1/connectors/${connectorId}/sync`,
          headers: { 'x-api-key': canaryKey, 'content-type': 'application/json' }
        }
      }
    ])
    gateway.signal('SIGTERM')
    expect(await gateway.exited).toEqual({ code: 0, signal: null })
  } finally {
    await killAll()
    server.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
