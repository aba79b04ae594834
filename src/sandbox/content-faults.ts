import { gzipSync } from 'node:zlib'
import { Type } from '@sinclair/typebox'
import { contentError } from './answer.ts'
import { faultKind } from './fault-kind.ts'
import { type Header, headerValues } from './request-reader.ts'
import { uuid7 } from './seeded-random.ts'
import type { WirePlan } from './wire-plan.ts'

const framing = Type.Union([Type.Literal('length'), Type.Literal('chunked'), Type.Literal('close')], {
  default: 'length'
})

/** Answers whose head or body is not what it should be. The service has done its work before. */
export const contentFaults = {
  oversize: faultKind({
    summary: 'A valid JSON body that is far too large, by Content-Length, chunked or until close.',
    options: { bytes: Type.Integer({ minimum: 1, maximum: 268_435_456, default: 2_097_152 }), framing },
    alter: (plan, { bytes, framing }) => ({
      framing,
      // White space behind a JSON value leaves it valid: only its size is wrong.
      body: Buffer.concat([plan.body, Buffer.alloc(Math.max(0, bytes - plan.body.length), ' ')])
    })
  }),
  'content-length-wrong': faultKind({
    summary: 'Content-Length says more than is sent (then the connection closes), or less.',
    options: { extra_bytes: Type.Integer({ default: 10 }), close: Type.Boolean({ default: true }) },
    alter: (_plan, { extra_bytes, close }) => ({ declaredExtraBytes: extra_bytes, close })
  }),
  'framing-conflict': faultKind({
    summary: 'Both Content-Length and Transfer-Encoding, or two lengths.',
    options: {
      header: Type.Union([Type.Literal('transfer-encoding'), Type.Literal('content-length')], {
        default: 'transfer-encoding'
      })
    },
    alter: (plan, { header }) =>
      withHeaders(plan, [[header, header === 'content-length' ? String(plan.body.length + 1) : 'chunked']])
  }),
  framing: faultKind({
    summary: 'The right body in another framing.',
    options: { framing: { ...framing, default: 'chunked' } },
    alter: (_plan, { framing }) => ({ framing })
  }),
  compressed: faultKind({
    summary: 'A gzip body with Content-Encoding, asked for or not.',
    alter: plan => ({
      ...withHeaders(plan, [['content-encoding', 'gzip']]),
      body: gzipSync(plan.body)
    })
  }),
  'content-type-wrong': faultKind({
    summary: 'The right body under another Content-Type; an empty one leaves the header out.',
    options: { content_type: Type.String({ default: 'text/plain' }) },
    alter: ({ headers }, { content_type }) => ({
      headers: [
        ...headers.filter(([name]) => name !== 'content-type'),
        ...(content_type === '' ? [] : [['content-type', content_type] as const])
      ]
    })
  }),
  'json-invalid': faultKind({
    summary: 'A body that is no JSON; by default the right one without its last character.',
    options: { text: Type.String({ default: '' }) },
    alter: ({ body }, { text }) => ({ body: text === '' ? body.subarray(0, -1) : Buffer.from(text) })
  }),
  'shape-wrong': faultKind({
    summary: 'Valid JSON of another shape.',
    options: { body: Type.Unknown({ default: [] }) },
    alter: (_plan, { body }) => ({ body: Buffer.from(JSON.stringify(body)) })
  }),
  'connector-id-wrong': faultKind({
    summary: 'Another connector_id in the body than was asked for.',
    alter: (plan, _options, { random, nowMs }) => ({
      body: jsonWith(plan.body, { connector_id: uuid7(random, nowMs) })
    })
  }),
  'key-echo': faultKind({
    summary: 'The received X-API-KEY in a header and in the body, or in an error message.',
    options: { error_status: Type.Integer({ minimum: 0, maximum: 599, default: 0 }) },
    alter(plan, { error_status }, { request, nextRequestId }) {
      const key = headerValues(request.headers, 'x-api-key').join(',')
      const echoed = withHeaders(plan, [['x-api-key', key]])
      if (error_status === 0) return { ...echoed, body: jsonWith(plan.body, { api_key: key }) }
      const error = contentError(error_status, `Invalid API key ${key}`, key, nextRequestId())
      return { ...echoed, status: error.status, body: error.body }
    }
  }),
  'set-cookie': faultKind({
    summary: 'A Set-Cookie header.',
    options: { value: Type.String({ default: 'AWSALB=sandbox; Path=/; HttpOnly' }) },
    alter: (plan, { value }) => withHeaders(plan, [['set-cookie', value]])
  }),
  headers: faultKind({
    summary: 'Further headers, as given: also broken ones.',
    options: {
      headers: Type.Array(Type.Array(Type.String(), { minItems: 2, maxItems: 2 }), { default: [] })
    },
    alter: (plan, { headers }) =>
      withHeaders(
        plan,
        headers.map(([name = '', value = '']) => [name, value])
      )
  }),
  'not-http': faultKind({
    summary: 'Bytes that are no HTTP answer, then the connection closes.',
    options: { text: Type.String({ default: 'SSH-2.0-sandbox\r\n' }) },
    alter: (_plan, { text }) => ({ replacement: Buffer.from(text, 'latin1') })
  })
}

function withHeaders(plan: WirePlan, headers: readonly Header[]): Pick<WirePlan, 'headers'> {
  return { headers: [...plan.headers, ...headers] }
}

function jsonWith(body: Buffer, members: Record<string, unknown>): Buffer {
  return Buffer.from(JSON.stringify({ ...jsonMembers(body), ...members }))
}

/** No members for a body that another fault of the same rule has already replaced. */
function jsonMembers(body: Buffer): object {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
