import { writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { jwksSource } from '../../../src/identity/jwt/jwks-source.ts'
import { parseJwks } from '../../../src/identity/jwt/parse-jwks.ts'
import { test } from '../../support/fixtures/test.ts'
import { type KeySetServer, signingKey } from '../../support/fixtures/token-issuer.ts'

let elsewhere: KeySetServer
let server: KeySetServer
test.beforeAll(async ({ startKeySetServerOfFile }) => {
  server = await startKeySetServerOfFile([])
  elsewhere = await startKeySetServerOfFile([signingKey('evil')])
})

async function refused(serves: (response: ServerResponse) => void): Promise<string> {
  server.serves = serves
  const error: unknown = await jwksSource(server.url)
    .read()
    .catch(reason => reason)
  expect(error).toMatchObject({ code: 'jwks_unavailable' })
  return (error as Error).message
}

test('the key set of an issuer is read', async () => {
  server.serves = [signingKey('one')]
  expect(JSON.parse(await jwksSource(server.url).read())).toMatchObject({ keys: [{ kid: 'one' }] })
})

describe('an issuer is unavailable', () => {
  test('that redirects, and the redirect is not followed', async () => {
    for (const status of [301, 302, 303, 307, 308])
      expect(await refused(response => response.writeHead(status, { location: elsewhere.url }).end())).toBe(
        `the issuer answered ${status}`
      )
    expect(elsewhere.asked).toBe(0)
  })

  test('that answers with a failure', async () => {
    expect(await refused(response => response.writeHead(500).end('{"keys":[]}'))).toBe(
      'the issuer answered 500'
    )
  })

  test('that sends too much, or never ends', async () => {
    expect(
      await refused(response => {
        response.on('error', () => {})
        response.write(`{"keys":["${'x'.repeat(400_000)}`)
      })
    ).toMatch(/^could not fetch the keys/)
  })

  test('that is silent or too slow', async () => {
    const silent = jwksSource(server.url, 50)
    server.serves = () => {}
    await expect(silent.read()).rejects.toThrow(/^could not fetch the keys/)
    server.serves = response => {
      const drip = setInterval(() => response.write(' '), 5)
      response.on('close', () => clearInterval(drip))
    }
    await expect(silent.read()).rejects.toThrow(/^could not fetch the keys/)
  })

  test('that hangs up', async () => {
    expect(await refused(response => response.socket?.destroy())).toMatch(/^could not fetch the keys/)
  })
})

test('a file is read, and a missing or oversized one is reported', async ({ folder }) => {
  const path = join(folder, 'keys.json')
  const source = jwksSource(`file:${path}`)
  await expect(source.read()).rejects.toThrow(`file:${path} cannot be read (ENOENT)`)
  writeFileSync(path, '{"keys":[]}')
  expect(await source.read()).toBe('{"keys":[]}')
  writeFileSync(path, 'x'.repeat(300_000))
  await expect(source.read()).rejects.toThrow('it is too large for a key set')
})

describe('a key set', () => {
  test('holds only public keys: secret and private keys are left out', () => {
    const key = signingKey('one')
    const privateJwk = key.privateKey.export({ format: 'jwk' })
    const keys = [key.jwk, privateJwk, { kty: 'oct', k: 'c2VjcmV0', kid: 'one' }, null, 7, 'x', {}]
    expect(parseJwks(JSON.stringify({ keys })).keys).toEqual([key.jwk])
  })

  test.each([
    '',
    'null',
    '[]',
    '{}',
    '{"keys":{}}',
    '7',
    '<html>',
    JSON.stringify({ keys: Array(101).fill({}) })
  ])('is not %.20j', text => {
    expect(() => parseJwks(text)).toThrow(expect.objectContaining({ code: 'jwks_unavailable' }))
  })
})
