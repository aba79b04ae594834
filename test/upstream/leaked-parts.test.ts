import { describe, expect, test } from 'vitest'
import type { FaultRule } from '../../src/sandbox/fault-rule.ts'
import { canaryDisguises, canaryForms, canaryParts } from '../support/checker/canary.ts'
import { addSealedCredential } from '../support/fixtures/add-sealed-credential.ts'
import { gatewayForFile } from '../support/fixtures/gateway-for-file.ts'
import { canaryKey } from '../support/fixtures/test-gateway.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { syncBytes } from '../support/http/request-bytes.ts'

/** Of a credential that the calls here are not made with. */
const otherKey = 'bd_v2_other_9Kd4nVb7TqZ2rJc8HwXm5sGy3PfL6aEu'
const file = gatewayForFile({
  async prepare(setup) {
    addSealedCredential(setup, 'other', otherKey)
  }
})

type Traces = {
  answer: string
  upstream: Record<string, unknown>
  outcome: Record<string, unknown>
  log: string
}

/** Everything that one call leaves behind: what its caller got, and what was stored and logged. */
async function tracesOf(rule: FaultRule): Promise<Traces> {
  const { key, port, sandbox, connectors } = file.gateway
  const logged = file.gateway.logged().length
  sandbox.faults.set(rule)
  const [answer] = await rawRequest(port, syncBytes({ key, connectorId: connectors.sharepoint }))
  expect(sandbox.faults.list()).toEqual([])
  const { upstream = {} } = JSON.parse(answer?.body.toString() ?? '') as Partial<Traces>
  const outcome = { ...file.gateway.entries().at(-1) }
  expect(outcome).toMatchObject({ kind: 'call.outcome' })
  return { answer: JSON.stringify(answer), upstream, outcome, log: file.gateway.logged().slice(logged) }
}

/** The places in which texts of the upstream are relayed or stored, each with what shows it there. */
const fields: Record<string, { rule(text: string): FaultRule; shown(traces: Traces): unknown[] }> = {
  errorCode: {
    rule: text => ({ fault: 'content-error', options: { status: 400, error_code: text } }),
    shown: ({ upstream }) => [upstream['code']]
  },
  requestId: {
    rule: requestId => ({
      fault: 'content-error',
      options: { status: 500 },
      also: [{ fault: 'shape-wrong', options: { body: { message: 'no', requestId } } }]
    }),
    shown: ({ upstream, outcome }) => [upstream['request_id'], outcome['upstream_request_id']]
  },
  'X-Request-Id of a failure': {
    rule: text => ({
      fault: 'empty-answer',
      options: { status: 502 },
      also: [{ fault: 'headers', options: { headers: [['x-request-id', text]] } }]
    }),
    shown: ({ upstream, outcome }) => [upstream['request_id'], outcome['upstream_request_id']]
  },
  'X-Request-Id of an accepted call': {
    rule: text => ({ fault: 'headers', options: { headers: [['x-request-id', text]] } }),
    shown: ({ outcome }) => [outcome['upstream_request_id']]
  }
}

/** No text longer than this is an id. */
const longestId = 64

/** The texts in which a key, or a part of it, may come back, by their names: those that are too long for an id from both ends. */
function texts(key: string): [name: string, text: string][] {
  const forms = new Map([...canaryForms(key), ...canaryDisguises(key), ...canaryParts(key)])
  forms.delete('UTF-16')
  for (const at of [6, 14, 21, key.length - 8])
    forms.set(`eight characters at ${at}`, Buffer.from(key.slice(at, at + 8)))
  forms.set('eight characters within an id', Buffer.from(`req-${key.slice(20, 28)}-17`))
  forms.set('eight characters apart', Buffer.from([...key.slice(20, 28)].join('.')))
  return [...forms].flatMap(([name, bytes]): [string, string][] => {
    const text = bytes.toString('latin1')
    const front: [string, string] = [name, text.slice(0, longestId)]
    return text.length > longestId ? [front, [`the end of ${name}`, text.slice(-longestId)]] : [front]
  })
}

describe('no part of an upstream key is relayed, stored or logged as an id of the upstream, not even disguised:', () => {
  test.each(texts(canaryKey))('%s', async (_form, text) => {
    for (const [field, { rule, shown }] of Object.entries(fields)) {
      const traces = await tracesOf(rule(text))
      expect(shown(traces), field).toEqual(shown(traces).map(() => undefined))
      expect(traces.answer + traces.log + JSON.stringify(traces.outcome), field).not.toContain(text)
    }
  })

  test('nor of a key that other calls are made with', async () => {
    for (const [form, text] of texts(otherKey)) {
      const { rule, shown } = fields['X-Request-Id of an accepted call'] as (typeof fields)[string]
      expect(shown(await tracesOf(rule(text))), form).toEqual([undefined])
    }
  })
})

describe('a part of a key in an id', () => {
  test('is an incident when it is so long that no chance put it there', async () => {
    const { rule } = fields['errorCode'] as (typeof fields)[string]
    const traces = await tracesOf(rule(`id-${canaryKey.slice(12, 28)}`))
    expect(traces.outcome).toMatchObject({ incident: 'credential_echoed', credential: 'default@1' })
    expect(traces.log).toContain('"incident":"credential_echoed"')
    expect((await tracesOf(rule(`id-${canaryKey.slice(12, 27)}`))).outcome).not.toHaveProperty('incident')
  })

  test('as the status of an answer makes it no valid answer', async () => {
    const connector_id = file.gateway.connectors.sharepoint
    const letters = 'bd_v_canary_of_letters_alone'
    addSealedCredential(file.gateway, 'letters', letters)
    const answer = (status: string) =>
      tracesOf({ fault: 'shape-wrong', options: { body: { connector_id, status } } })
    await expect
      .poll(async () => (await answer('bs_yrggref_nybar')).outcome)
      .toMatchObject({ code: 'upstream_answer_invalid' })
    expect((await answer('queued_for_later')).outcome).toMatchObject({ code: 'accepted' })
  })
})

test.each([
  '0b6f2f5e-7a35-4e7b-9b0d-1c1de0b4f2a9',
  '019a9612-bfad-758c-884e-37dd8c6ad2cb',
  'req_01HF8Z9V3QKX2M7N5T4B6C8D0E',
  '1732726976123456789',
  'X6hT3nPq-EoEIQg=='.replaceAll('=', ''),
  'bd_v2_',
  'Root:1-67475c3a'
])('an ordinary id is relayed and stored as it is: %s', async id => {
  for (const [field, { rule, shown }] of Object.entries(fields))
    for (const value of shown(await tracesOf(rule(id)))) expect(value, field).toBe(id)
})
