import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, onTestFinished, test } from 'vitest'
import { logEvents } from '../../src/telemetry/event-log.ts'
import { Events } from '../../src/telemetry/events.ts'
import { createLogger } from '../../src/telemetry/logger.ts'

/** Events of a gateway of its own, and its log. */
function loggedEvents(level = 'info') {
  const lines: Record<string, unknown>[] = []
  const events = new Events()
  const logger = createLogger(level, { write: line => void lines.push(JSON.parse(line)) })
  const stop = logEvents(events, logger)
  onTestFinished(stop)
  return { events, lines, stop }
}

const failure = { err: new Error('disk full') }

test('an event becomes a line with its name, its level and what it carries', () => {
  const { events, lines } = loggedEvents()
  events.publish('credential.reverted', { credential: 'default', from: 2, to: 1 })
  expect(lines).toEqual([
    {
      level: 50,
      time: expect.any(String),
      event: 'credential.reverted',
      credential: 'default',
      from: 2,
      to: 1,
      msg: 'credential rolled back: the upstream rejects the new key'
    }
  ])
})

test('two gateways in one process do not log each other’s events', () => {
  const [one, other] = [loggedEvents(), loggedEvents()]
  one.events.publish('ledger.fault', failure)
  expect([one.lines.length, other.lines.length]).toEqual([1, 0])
  one.stop()
  one.events.publish('ledger.recovered', {})
  other.events.publish('ledger.recovered', {})
  expect([one.lines.length, other.lines.length]).toEqual([1, 1])
})

test('what is below the level of the log is not even subscribed to', () => {
  const { events, lines } = loggedEvents('error')
  events.publish('breaker.closed', { credential: 'default' })
  events.publish('breaker.opened', { credential: 'default' })
  expect(lines.map(({ event }) => event)).toEqual(['breaker.opened'])
})

test('tools outside the gateway hear every gateway of the process on the channel of an event', () => {
  const heard: unknown[] = []
  const hear = (message: unknown) => void heard.push(message)
  subscribe('connector-gateway.ledger.fault', hear)
  onTestFinished(() => void unsubscribe('connector-gateway.ledger.fault', hear))
  const [one, other] = [new Events(), new Events()]
  one.publish('ledger.fault', failure)
  other.publish('ledger.fault', failure)
  expect(heard).toEqual([
    { source: one, payload: failure },
    { source: other, payload: failure }
  ])
})
