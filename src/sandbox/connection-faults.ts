import { Type } from '@sinclair/typebox'
import { jsonAnswer } from './answer.ts'
import { faultKind } from './fault-kind.ts'
import { plainPlan, type WirePlan, wireBytes } from './wire-plan.ts'

const wait = (ms: number) => Type.Integer({ minimum: 0, maximum: 3_600_000, default: ms })

/** Disturbances of the connection: when bytes come, how many, and where it breaks. */
export const connectionFaults = {
  'reset-on-connect': faultKind({
    summary: 'Resets the next connection as it is accepted, whoever makes it. Nothing is read or recorded.',
    stage: 'connect',
    replacesService: true,
    alter: () => ({})
  }),
  'reset-before-read': faultKind({
    summary: 'Resets at the first bytes of a request, before they are parsed. Recorded as incomplete.',
    stage: 'first-bytes',
    replacesService: true,
    alter: () => ({})
  }),
  'reset-before-headers': reset(
    'before-headers',
    'Reads and serves the whole request, then resets without an answer.'
  ),
  'reset-in-headers': reset('in-headers', 'Resets after half of the head.'),
  'reset-after-headers': reset('after-headers', 'Resets after the head, before the body.'),
  'reset-in-body': reset('in-body', 'Resets after half of the body.'),
  'delay-before-headers': faultKind({
    summary: 'Waits before the head.',
    options: { wait_ms: wait(1000) },
    alter: (_plan, { wait_ms }) => ({ waitBeforeHeadersMs: wait_ms })
  }),
  'delay-before-body': faultKind({
    summary: 'Waits between head and body.',
    options: { wait_ms: wait(1000) },
    alter: (_plan, { wait_ms }) => ({ waitBeforeBodyMs: wait_ms })
  }),
  silent: faultKind({
    summary: 'Never answers; the connection stays open.',
    alter: () => ({ silent: true })
  }),
  drip: faultKind({
    summary: 'Sends one byte at a time, from the head or from the body on.',
    options: {
      from: Type.Union([Type.Literal('head'), Type.Literal('body')], { default: 'head' }),
      every_ms: wait(10)
    },
    alter: (_plan, { from, every_ms }) => ({ drip: { from, everyMs: every_ms } })
  }),
  'informational-flood': faultKind({
    summary: 'Many 1xx answers before the answer.',
    options: {
      count: Type.Integer({ minimum: 1, maximum: 100_000, default: 1000 }),
      status: Type.Union([Type.Literal(100), Type.Literal(102), Type.Literal(103)], { default: 103 })
    },
    alter: (_plan, { count, status }) => ({
      preamble: Buffer.from(`HTTP/1.1 ${status} Informational\r\nx-hint: sandbox\r\n\r\n`.repeat(count))
    })
  }),
  'unsolicited-answer': faultKind({
    summary: 'A whole second answer on the idle connection, after the first.',
    options: {
      wait_ms: wait(0),
      status: Type.Integer({ minimum: 200, maximum: 599, default: 200 }),
      body: Type.Unknown({ default: { connector_id: 'unsolicited', status: 'accepted' } })
    },
    alter: (_plan, { wait_ms, status, body }, { nowMs }) => ({
      afterwards: { waitMs: wait_ms, step: { bytes: wholeAnswer(status, body, nowMs) } }
    })
  }),
  'close-when-idle': faultKind({
    summary: 'Closes the kept-alive connection after the answer without having said so.',
    options: {
      wait_ms: wait(0),
      how: Type.Union([Type.Literal('finish'), Type.Literal('reset')], { default: 'finish' })
    },
    alter: (_plan, { wait_ms, how }) => ({ afterwards: { waitMs: wait_ms, step: { end: how } } })
  }),
  'close-after-answer': faultKind({
    summary: 'Says Connection: close and closes.',
    alter: () => ({ close: true })
  })
}

function reset(cut: NonNullable<WirePlan['cut']>, summary: string) {
  const waitMember = cut === 'before-headers' ? 'waitBeforeHeadersMs' : 'waitBeforeBodyMs'
  return faultKind({
    summary,
    options: { wait_ms: wait(0) },
    alter: (_plan, { wait_ms }) => ({ cut, [waitMember]: wait_ms })
  })
}

/** A complete JSON answer on the wire, as used for unsolicited bytes. */
export function wholeAnswer(status: number, body: unknown, nowMs: number): Buffer {
  const { head, payload } = wireBytes(plainPlan(jsonAnswer(status, body)), nowMs)
  return Buffer.concat([head, payload])
}
