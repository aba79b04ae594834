import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { probeUpstream } from '../../src/upstream/probe.ts'
import { certificateAuthority } from '../support/fixtures/certificate-authority.ts'
import { materialOf } from '../support/fixtures/held-credentials.ts'
import { askAs } from '../support/http/ask-as.ts'
import { rawAnswer, rawUpstream } from '../support/http/raw-upstream.ts'
import { listenWithTls } from '../support/http/unreachable-upstream.ts'

const key = 'bd_v2_a_key_that_is_asked_about'

async function open<T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> {
  const opened = await opening
  onTestFinished(() => opened.close())
  return opened
}

describe('an upstream that answers counts as reached, whatever it says', () => {
  test('over TLS, with a certificate of an authority that Node trusts', async () => {
    const before = getCACertificates('default')
    onTestFinished(() => setDefaultCACertificates(before))
    const authority = certificateAuthority()
    setDefaultCACertificates([authority.certificate])
    const certificate = authority.issue({ alternativeNames: [{ kind: 'dns', value: 'localhost' }] })
    const { port } = await open(listenWithTls(certificate))
    const { found, outcome } = await askAs(key, `https://localhost:${port}`)
    expect(found).toMatchObject({ code: 'accepted', reached: true, status: 200, key: 'accepted' })
    expect(found.cause).toBeUndefined()
    expect(outcome).toMatchObject({ code: 'accepted', upstream_status: 200 })
  })

  test.each([
    [401, 'refused', 'upstream_credential_rejected'],
    [403, 'unproven', 'upstream_refused'],
    [429, 'unproven', 'upstream_busy'],
    [500, 'unproven', 'upstream_failed'],
    [302, 'unproven', 'upstream_answer_invalid']
  ] as const)('%i: the key is %s', async (status, proof, code) => {
    const upstream = await open(
      rawUpstream({
        request: (_request, socket) =>
          socket.end(rawAnswer(`HTTP/1.1 ${status} Said`, { message: `no ${key}` }))
      })
    )
    const { found, outcome } = await askAs(key, upstream.origin)
    expect(found).toMatchObject({ code, reached: true, status, key: proof })
    expect(found.cause).toBeUndefined()
    expect(outcome?.cause).toBeUndefined()
    expect(upstream.requests).toHaveLength(1)
    expect(upstream.requests[0]?.text).toMatch(/^GET \/contents\/v1\/connectors HTTP/)
    expect(upstream.requests[0]?.text).toContain(found.request_id)
  })

  test('bytes that are not HTTP are not an answer', async () => {
    const upstream = await open(
      rawUpstream({ request: (_request, socket) => socket.end('RTSP/1.0 200 OK\r\n\r\n') })
    )
    const { found } = await askAs(key, upstream.origin)
    expect(found).toMatchObject({ code: 'upstream_answer_invalid', reached: false, cause: 'not_http' })
  })
})

test('nothing is sent when the ledger cannot record it', async () => {
  const upstream = await open(rawUpstream({ request() {} }))
  const material = materialOf(key)
  const full = new Error('the disk is full')
  const asking = probeUpstream(
    { material, name: 'default', version: 1 },
    {
      origin: upstream.origin,
      deadlineMs: 20_000,
      ledger: { recordIntent: () => Promise.reject(full), recordOutcome: async () => {} }
    }
  )
  await expect(asking).rejects.toBe(full)
  expect(upstream.connections()).toBe(0)
  material.discard()
})
