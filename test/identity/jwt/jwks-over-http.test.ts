import { writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { expect } from 'vitest'
import { test } from '../../support/fixtures/test.ts'
import type { TestGateway } from '../../support/fixtures/test-gateway.ts'
import {
  type KeySetServer,
  makeToken,
  type SigningKey,
  signingKey,
  testIssuer
} from '../../support/fixtures/token-issuer.ts'
import { freshAddress } from '../../support/http/fresh-address.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'
import { onThisMachine } from '../../support/run/bounds.ts'

const [first, second] = [signingKey('first'), signingKey('second')]
const inFile = { issuer: 'https://file.example', audience: 'gateway' }

const claims = { iss: inFile.issuer, aud: inFile.audience }

type Stage = {
  readonly gateway: TestGateway
  readonly server: KeySetServer
  /** What the silent server has been asked and not answered. */
  readonly unanswered: ServerResponse[]
  serveInFile(...keys: SigningKey[]): void
  statusOf(credential: string): Promise<number | undefined>
}

let stage: Stage
test.beforeEach(async ({ folder, startGateway, startKeySetServer }) => {
  const keyFile = join(folder, 'keys.json')
  const serveInFile = (...keys: SigningKey[]) =>
    writeFileSync(keyFile, JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }))
  serveInFile(first)
  const unanswered: ServerResponse[] = []
  const server = await startKeySetServer(response => void unanswered.push(response))
  const gateway = await startGateway({
    env: {
      GATEWAY_JWT_ISSUERS: JSON.stringify([
        { ...testIssuer, name: 'slow', jwks: server.url, algorithms: ['ES256'] },
        { ...inFile, name: 'file', jwks: `file:${keyFile}`, algorithms: ['ES256'] }
      ])
    }
  })
  async function statusOf(credential: string): Promise<number | undefined> {
    const bytes = syncBytes({ key: credential, connectorId: gateway.connectors.sharepoint })
    return (await rawRequest(gateway.port, bytes, { from: freshAddress() }))[0]?.status
  }
  stage = { gateway, server, unanswered, serveInFile, statusOf }
})

test('while an issuer is silent, keys and tokens of others are served, and its own tokens once it answers', async () => {
  const { gateway, server, unanswered, statusOf } = stage
  const waiting = [statusOf(makeToken(first)), statusOf(makeToken(first, { claims: { n: 1 } }))]
  for (let n = 0; n < 5; n++) {
    expect(await statusOf(gateway.key)).toBe(200)
    expect(await statusOf(makeToken(first, { claims }))).toBe(200)
  }
  expect(server.asked).toBe(1)
  unanswered[0]?.end(JSON.stringify({ keys: [first.jwk] }))
  expect(await Promise.all(waiting)).toEqual([200, 200])
})

test('removing a key from the set invalidates its tokens, also those accepted before', async () => {
  const { serveInFile, statusOf } = stage
  const [old, next] = [makeToken(first, { claims }), makeToken(second, { claims })]
  expect(await statusOf(old)).toBe(200)
  expect(await statusOf(next)).toBe(401)
  serveInFile(first, second)
  await expect.poll(() => statusOf(next), { timeout: onThisMachine(5_000) }).toBe(200)
  expect(await statusOf(old)).toBe(200)
  serveInFile(second)
  await expect.poll(() => statusOf(old), { timeout: onThisMachine(5_000) }).toBe(401)
  expect(await statusOf(next)).toBe(200)
})
