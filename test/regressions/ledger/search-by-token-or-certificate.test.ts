import { expect } from 'vitest'
import { test } from '../../support/fixtures/test.ts'
import type { TestGateway } from '../../support/fixtures/test-gateway.ts'
import type { TlsFolder } from '../../support/fixtures/tls-files.ts'
import { makeToken, signingKey, testIssuer } from '../../support/fixtures/token-issuer.ts'
import { askAdmin, issueAdminKeys } from '../../support/http/admin-client.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

const signer = signingKey('one')
const uri = 'spiffe://acme/billing'

let tls: TlsFolder
let gateway: TestGateway<Awaited<ReturnType<typeof issueAdminKeys>>>
test.beforeAll(async ({ tlsOfFile, startKeySetServerOfFile, startGatewayOfFile }) => {
  tls = tlsOfFile
  const { url: jwks } = await startKeySetServerOfFile([signer])
  const issuer = { ...testIssuer, name: 'the.company-1', jwks, algorithms: ['ES256'] }
  gateway = await startGatewayOfFile({
    env: {
      ...tls.env,
      GATEWAY_JWT_ISSUERS: JSON.stringify([issuer]),
      GATEWAY_CLIENT_CERTIFICATES: JSON.stringify([{ san_uri: uri, tenant: 'acme' }])
    },
    prepare: issueAdminKeys
  })
})

async function search(keyId: string) {
  const target = `/admin/ledger?key_id=${encodeURIComponent(keyId)}`
  return await askAdmin(gateway.adminPort, { target, key: gateway.prepared.viewer })
}

// The ledger names these proofs in `key_id` as it does keys.
test('calls by a token and by a certificate are found by the names that the ledger gives them', async () => {
  const { certificate: cert, key } = tls.issueClient({ alternativeNames: [{ kind: 'uri', value: uri }] })
  const to = { servername: 'localhost', ca: tls.serverAuthority }
  const { sharepoint: connectorId } = gateway.connectors
  const token = syncBytes({ key: makeToken(signer), connectorId })
  expect((await rawRequest(gateway.port, token, { tls: to }))[0]?.status).toBe(200)
  const bare = syncBytes({ key: null, connectorId })
  expect((await rawRequest(gateway.port, bare, { tls: { ...to, cert, key } }))[0]?.status).toBe(200)

  const intents = gateway.entries().filter(({ kind }) => kind === 'call.intent')
  const keyIds = new Set(intents.map(({ key_id }) => String(key_id)))
  expect([...keyIds]).toEqual(['jwt:the.company-1', expect.stringMatching(/^mtls:[0-9a-f]{16}$/)])
  for (const keyId of keyIds) {
    const answer = await search(keyId)
    expect(answer.status, keyId).toBe(200)
    expect(JSON.parse(answer.body).items).toHaveLength(2)
  }
})

test.each(['jwt:', 'jwt:A', 'mtls:0', 'mtls:0123456789ABCDEF', 'jwt:a*', "jwt:a' OR 1=1", 'key'])(
  'what names no proof is refused: %s',
  async keyId => {
    const errors = [{ pointer: '/query/key_id', detail: expect.stringMatching(/^must be the id of a key/) }]
    expectProblem(await search(keyId), 'request_invalid', { errors })
  }
)
