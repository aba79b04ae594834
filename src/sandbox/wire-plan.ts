import { STATUS_CODES } from 'node:http'
import type { Answer } from './answer.ts'
import type { Header } from './request-reader.ts'

/** How an answer goes over the wire. A fault changes one or two members of it and nothing else. */
export type WirePlan = {
  readonly status: number
  /** Without Date, Connection and the framing headers: those follow from the rest. */
  readonly headers: readonly Header[]
  readonly body: Buffer
  readonly framing: 'length' | 'chunked' | 'close'
  /** By how much Content-Length is too large. */
  readonly declaredExtraBytes: number
  /** Sent before the status line: informational answers, or anything else. */
  readonly preamble: Buffer
  readonly waitBeforeHeadersMs: number
  readonly waitBeforeBodyMs: number
  /** One byte at a time, from the head or from the body on. */
  readonly drip: { readonly from: 'head' | 'body'; readonly everyMs: number } | null
  /** Where the connection is reset. */
  readonly cut: 'before-headers' | 'in-headers' | 'after-headers' | 'in-body' | null
  /** Nothing is ever sent and the connection stays open. */
  readonly silent: boolean
  /** Sent in place of head and body. The connection is closed after it. */
  readonly replacement: Buffer | null
  /** Whether the connection closes after this answer, which announces it. */
  readonly close: boolean
  /** What happens on the connection once the answer is out, when it is still idle then. */
  readonly afterwards: { readonly waitMs: number; readonly step: WireStep } | null
}

/** One thing done to a socket. */
export type WireStep =
  | { readonly bytes: Buffer }
  | { readonly waitMs: number }
  | { readonly end: 'finish' | 'reset' | 'hold' }

/** The plan of an answer to which nothing is done. */
export function plainPlan(answer: Answer): WirePlan {
  return {
    ...answer,
    framing: 'length',
    declaredExtraBytes: 0,
    preamble: Buffer.alloc(0),
    waitBeforeHeadersMs: 0,
    waitBeforeBodyMs: 0,
    drip: null,
    cut: null,
    silent: false,
    replacement: null,
    close: false,
    afterwards: null
  }
}

/** The status that a client sees, or null when no whole head is sent. */
export function visibleStatus(plan: WirePlan): number | null {
  const hidden = plan.silent || plan.replacement !== null
  return hidden || plan.cut === 'before-headers' || plan.cut === 'in-headers' ? null : plan.status
}

/** The whole answer as bytes: head and framed body. */
export function wireBytes(
  plan: WirePlan,
  nowMs: number,
  headOnly = false
): { head: Buffer; payload: Buffer } {
  const bodiless = headOnly || plan.status === 204 || plan.status === 304
  const close = plan.close || plan.framing === 'close'
  const lines = [`HTTP/1.1 ${plan.status} ${STATUS_CODES[plan.status] ?? 'Unknown'}`]
  for (const [name, value] of plan.headers) lines.push(`${name}: ${value}`)
  lines.push(`date: ${new Date(nowMs).toUTCString()}`, ...framingLines(plan))
  lines.push(close ? 'connection: close' : 'connection: keep-alive', '', '')
  return {
    head: Buffer.from(lines.join('\r\n'), 'latin1'),
    payload: bodiless ? Buffer.alloc(0) : framed(plan)
  }
}

/** What to do to the socket, in order. */
export function wireSteps(plan: WirePlan, nowMs: number, headOnly = false): WireStep[] {
  if (plan.silent) return [{ end: 'hold' }]
  const before: WireStep[] = plan.waitBeforeHeadersMs > 0 ? [{ waitMs: plan.waitBeforeHeadersMs }] : []
  if (plan.cut === 'before-headers') return [...before, { end: 'reset' }]
  const { preamble } = plan
  if (plan.replacement !== null) {
    return [...before, { bytes: Buffer.concat([preamble, plan.replacement]) }, { end: 'finish' }]
  }
  const { head, payload } = wireBytes(plan, nowMs, headOnly)
  if (plan.cut !== null) return [...before, ...cutSteps(plan, head, payload)]
  const last: WireStep[] = plan.close || plan.framing === 'close' ? [{ end: 'finish' }] : []
  const pause: WireStep[] = plan.waitBeforeBodyMs > 0 ? [{ waitMs: plan.waitBeforeBodyMs }] : []
  if (plan.drip !== null) {
    const { from, everyMs } = plan.drip
    const whole = from === 'head' ? [...drops(head, everyMs)] : [{ bytes: head }]
    return [...before, { bytes: preamble }, ...whole, ...pause, ...drops(payload, everyMs), ...last]
  }
  const answer: WireStep[] =
    pause.length > 0
      ? [{ bytes: Buffer.concat([preamble, head]) }, ...pause, { bytes: payload }]
      : [{ bytes: Buffer.concat([preamble, head, payload]) }]
  return [...before, ...answer, ...last]
}

function cutSteps(plan: WirePlan, head: Buffer, payload: Buffer): WireStep[] {
  const sent = {
    'before-headers': head.subarray(0, 0),
    'in-headers': head.subarray(0, head.length >> 1),
    'after-headers': head,
    'in-body': Buffer.concat([head, payload.subarray(0, payload.length >> 1)])
  }[plan.cut ?? 'before-headers']
  const pause: WireStep[] = plan.waitBeforeBodyMs > 0 ? [{ waitMs: plan.waitBeforeBodyMs }] : []
  return [{ bytes: Buffer.concat([plan.preamble, sent]) }, ...pause, { end: 'reset' }]
}

function framingLines(plan: WirePlan): string[] {
  if (plan.framing === 'chunked') return ['transfer-encoding: chunked']
  if (plan.framing === 'close' || plan.status === 204 || plan.status === 304) return []
  return [`content-length: ${Math.max(0, plan.body.length + plan.declaredExtraBytes)}`]
}

function framed({ framing, body }: WirePlan): Buffer {
  if (framing !== 'chunked') return body
  const pieceBytes = 16 * 1024
  const pieces: Buffer[] = []
  for (let at = 0; at < body.length; at += pieceBytes) {
    const piece = body.subarray(at, at + pieceBytes)
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'))
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')])
}

function* drops(bytes: Buffer, everyMs: number): Generator<WireStep> {
  for (let at = 0; at < bytes.length; at += 1) {
    yield { bytes: bytes.subarray(at, at + 1) }
    yield { waitMs: everyMs }
  }
}
