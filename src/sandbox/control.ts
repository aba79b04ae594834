import { once } from 'node:events'
import type { Socket } from 'node:net'
import { type Answer, emptyAnswer, jsonAnswer } from './answer.ts'
import {
  ControlInputError,
  checkedInput,
  countInput,
  IdleAction,
  jsonInput,
  KeyToAdd,
  KeyToRemove,
  QuotaInput
} from './control-input.ts'
import { type FaultRule, FaultRuleError } from './fault-rule.ts'
import { faults } from './faults.ts'
import type { ReceivedRequest } from './request-reader.ts'
import type { RequestRecord } from './request-record.ts'
import type { SandboxState } from './sandbox-state.ts'
import { plainPlan, wireBytes } from './wire-plan.ts'

/** Everything under this path steers the sandbox and is not part of the upstream it stands in for. */
export const CONTROL_PATH = '/_sandbox'

type Control = { readonly state: SandboxState; readonly query: URLSearchParams; readonly payload: Buffer }
type ControlAnswer = Answer | { readonly lines: Iterable<RequestRecord> }

/** Method and path → what it does. */
const controls: Record<string, (control: Control) => ControlAnswer> = {
  'GET /faults': ({ state }) => jsonAnswer(200, { items: state.faults.list(), known: knownFaults() }),
  'POST /faults': ({ state, payload }) => jsonAnswer(201, { ids: state.faults.add(...faultInput(payload)) }),
  'PUT /faults': ({ state, payload }) => jsonAnswer(200, { ids: state.faults.set(...faultInput(payload)) }),
  'DELETE /faults'({ state, query }) {
    if (!query.has('id')) state.faults.clear()
    else if (!state.faults.remove(countInput(query, 'id', 0)))
      return refusal(404, 'unknown_rule', 'no such rule')
    return emptyAnswer(204)
  },
  'GET /requests': ({ state, query }) => ({
    lines: state.log.read(countInput(query, 'after', 0), countInput(query, 'limit', Number.MAX_SAFE_INTEGER))
  }),
  'DELETE /requests'({ state }) {
    state.log.clear()
    return emptyAnswer(204)
  },
  'GET /keys': ({ state }) => jsonAnswer(200, { count: state.keys.count }),
  'POST /keys'({ state, payload }) {
    const { key, user_id } = checkedInput(KeyToAdd, payload)
    state.keys.add(user_id === undefined ? key : { key, user_id })
    return jsonAnswer(201, { count: state.keys.count })
  },
  'DELETE /keys'({ state, payload }) {
    const removed = state.keys.remove(checkedInput(KeyToRemove, payload).key)
    return removed ? emptyAnswer(204) : refusal(404, 'unknown_key', 'this key was not accepted')
  },
  'PUT /quota'({ state, payload }) {
    state.quota.set(checkedInput(QuotaInput, payload))
    return emptyAnswer(204)
  },
  'GET /connectors': ({ state }) => jsonAnswer(200, { items: state.connectors.all() }),
  'GET /counters': ({ state }) => jsonAnswer(200, state.counters()),
  'POST /idle'({ state, payload }) {
    const { action, body } = checkedInput(IdleAction, payload)
    return jsonAnswer(200, { connections: state.disturbIdle(action, body) })
  }
}

/** Answers a request on the control endpoint. */
export async function answerControl(
  socket: Socket,
  request: ReceivedRequest,
  state: SandboxState
): Promise<void> {
  const answer = controlAnswer(request, state)
  if (!('lines' in answer)) {
    const { head, payload } = wireBytes(plainPlan(answer), state.clock.nowMs())
    socket.write(Buffer.concat([head, payload]))
    return
  }
  const plan = plainPlan({ ...emptyAnswer(200), headers: [['content-type', 'application/x-ndjson']] })
  socket.write(wireBytes({ ...plan, framing: 'chunked' }, state.clock.nowMs(), true).head)
  await writeLines(socket, answer.lines)
}

function controlAnswer(
  { method, path, target, payload }: ReceivedRequest,
  state: SandboxState
): ControlAnswer {
  const control = controls[`${method} ${path.slice(CONTROL_PATH.length)}`]
  if (control === undefined) {
    return refusal(
      404,
      'unknown_control',
      `known are: ${Object.keys(controls).join(', ')} under ${CONTROL_PATH}`
    )
  }
  try {
    const query = new URLSearchParams(target.slice(path.length))
    return control({ state, query, payload })
  } catch (error) {
    if (error instanceof ControlInputError || error instanceof FaultRuleError) {
      return refusal(400, error.code, error.message)
    }
    throw error
  }
}

/** One chunk per batch: a long record must not be held in memory twice. */
async function writeLines(socket: Socket, records: Iterable<RequestRecord>): Promise<void> {
  const batchLength = 256 * 1024
  let batch = ''
  for (const record of records) {
    batch += `${JSON.stringify(record)}\n`
    if (batch.length < batchLength) continue
    if (!socket.write(chunk(batch)) && !socket.destroyed)
      await Promise.race([once(socket, 'drain'), once(socket, 'close')])
    if (socket.destroyed) return
    batch = ''
  }
  socket.write(`${batch === '' ? '' : chunk(batch)}0\r\n\r\n`)
}

function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}

function faultInput(payload: Buffer): FaultRule[] {
  const input = jsonInput(payload)
  // FaultRules checks each rule itself, also for callers in the same process.
  return (Array.isArray(input) ? input : [input]) as FaultRule[]
}

function knownFaults(): Record<string, string> {
  return Object.fromEntries(Object.entries(faults).map(([name, { summary }]) => [name, summary]))
}

function refusal(status: number, error: string, detail: string): Answer {
  return jsonAnswer(status, { error, detail })
}
