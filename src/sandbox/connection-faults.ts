import { Type } from '@sinclair/typebox'
import { jsonAnswer } from './answer.ts'
import { faultKind } from './fault-kind.ts'
import { plainPlan, wireBytes } from './wire-plan.ts'

const strict = { additionalProperties: false }
const wait = (ms: number) => Type.Integer({ minimum: 0, maximum: 3_600_000, default: ms })
const none = Type.Object({}, strict)
const resetOptions = Type.Object({ wait_ms: wait(0) }, strict)

/** Disturbances of the connection: when bytes come, how many, and where it breaks. */
export const connectionFaults = {
  'reset-on-connect': faultKind({
    summary: 'Resets the next connection as it is accepted, whoever makes it. Nothing is read or recorded.',
    stage: 'connect',
    replacesService: true,
    options: none,
    alter: () => ({})
  }),
  'reset-before-read': faultKind({
    summary: 'Resets at the first bytes of a request, before they are parsed. Recorded as incomplete.',
    stage: 'first-bytes',
    replacesService: true,
    options: none,
    alter: () => ({})
  }),
  'reset-before-headers': faultKind({
    summary: 'Reads and serves the whole request, then resets without an answer.',
    stage: 'answer',
    replacesService: false,
    options: resetOptions,
    alter: (_plan, { wait_ms }) => ({ cut: 'before-headers', waitBeforeHeadersMs: wait_ms })
  }),
  'reset-in-headers': faultKind({
    summary: 'Resets after half of the head.',
    stage: 'answer',
    replacesService: false,
    options: resetOptions,
    alter: (_plan, { wait_ms }) => ({ cut: 'in-headers', waitBeforeBodyMs: wait_ms })
  }),
  'reset-after-headers': faultKind({
    summary: 'Resets after the head, before the body.',
    stage: 'answer',
    replacesService: false,
    options: resetOptions,
    alter: (_plan, { wait_ms }) => ({ cut: 'after-headers', waitBeforeBodyMs: wait_ms })
  }),
  'reset-in-body': faultKind({
    summary: 'Resets after half of the body.',
    stage: 'answer',
    replacesService: false,
    options: resetOptions,
    alter: (_plan, { wait_ms }) => ({ cut: 'in-body', waitBeforeBodyMs: wait_ms })
  }),
  'delay-before-headers': faultKind({
    summary: 'Waits before the head.',
    stage: 'answer',
    replacesService: false,
    options: Type.Object({ wait_ms: wait(1000) }, strict),
    alter: (_plan, { wait_ms }) => ({ waitBeforeHeadersMs: wait_ms })
  }),
  'delay-before-body': faultKind({
    summary: 'Waits between head and body.',
    stage: 'answer',
    replacesService: false,
    options: Type.Object({ wait_ms: wait(1000) }, strict),
    alter: (_plan, { wait_ms }) => ({ waitBeforeBodyMs: wait_ms })
  }),
  silent: faultKind({
    summary: 'Never answers; the connection stays open.',
    stage: 'answer',
    replacesService: false,
    options: none,
    alter: () => ({ silent: true })
  }),
  drip: faultKind({
    summary: 'Sends one byte at a time, from the head or from the body on.',
    stage: 'answer',
    replacesService: false,
    options: Type.Object(
      {
        from: Type.Union([Type.Literal('head'), Type.Literal('body')], { default: 'head' }),
        every_ms: wait(10)
      },
      strict
    ),
    alter: (_plan, { from, every_ms }) => ({ drip: { from, everyMs: every_ms } })
  }),
  'informational-flood': faultKind({
    summary: 'Many 1xx answers before the answer.',
    stage: 'answer',
    replacesService: false,
    options: Type.Object(
      {
        count: Type.Integer({ minimum: 1, maximum: 100_000, default: 1000 }),
        status: Type.Union([Type.Literal(100), Type.Literal(102), Type.Literal(103)], { default: 103 })
      },
      strict
    ),
    alter: (_plan, { count, status }) => ({
      preamble: Buffer.from(`HTTP/1.1 ${status} Informational\r\nx-hint: sandbox\r\n\r\n`.repeat(count))
    })
  }),
  'unsolicited-answer': faultKind({
    summary: 'A whole second answer on the idle connection, after the first.',
    stage: 'answer',
    replacesService: false,
    options: Type.Object(
      {
        wait_ms: wait(0),
        status: Type.Integer({ minimum: 200, maximum: 599, default: 200 }),
        body: Type.Unknown({ default: { connector_id: 'unsolicited', status: 'accepted' } })
      },
      strict
    ),
    alter: (_plan, { wait_ms, status, body }, { nowMs }) => ({
      afterwards: { waitMs: wait_ms, step: { bytes: wholeAnswer(status, body, nowMs) } }
    })
  }),
  'close-when-idle': faultKind({
    summary: 'Closes the kept-alive connection after the answer without having said so.',
    stage: 'answer',
    replacesService: false,
    options: Type.Object(
      {
        wait_ms: wait(0),
        how: Type.Union([Type.Literal('finish'), Type.Literal('reset')], { default: 'finish' })
      },
      strict
    ),
    alter: (_plan, { wait_ms, how }) => ({ afterwards: { waitMs: wait_ms, step: { end: how } } })
  }),
  'close-after-answer': faultKind({
    summary: 'Says Connection: close and closes.',
    stage: 'answer',
    replacesService: false,
    options: none,
    alter: () => ({ close: true })
  })
}

/** A complete JSON answer on the wire, as used for bytes nobody asked for. */
export function wholeAnswer(status: number, body: unknown, nowMs: number): Buffer {
  const { head, payload } = wireBytes(plainPlan(jsonAnswer(status, body)), nowMs)
  return Buffer.concat([head, payload])
}
