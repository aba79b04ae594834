import { EventEmitter } from 'node:events'
import { describe, expect, test } from 'vitest'
import { followProcessSignals } from '../src/process-signals.ts'

/** Follows the signals of a process that the test plays, as it does its terminals. */
function follow(terminals: Set<number>) {
  const process = new EventEmitter()
  const heard: string[] = []
  followProcessSignals(process, {
    onEnd: signal => void heard.push(`end ${signal}`),
    onRerunCommands: () => void heard.push('read again'),
    isTerminal: fd => terminals.has(fd)
  })
  return { heard, signal: (name: string) => void process.emit(name, name) }
}

describe('SIGHUP', () => {
  test('makes a process without a terminal read again', () => {
    const { heard, signal } = follow(new Set())
    signal('SIGHUP')
    signal('SIGHUP')
    expect(heard).toEqual(['read again', 'read again'])
  })

  test('makes a process read again whose terminal is still there', () => {
    const { heard, signal } = follow(new Set([0, 1, 2]))
    signal('SIGHUP')
    expect(heard).toEqual(['read again'])
  })

  test('ends a process whose terminal was closed', () => {
    const terminals = new Set([0, 2])
    const { heard, signal } = follow(terminals)
    terminals.clear()
    signal('SIGHUP')
    expect(heard).toEqual(['end SIGHUP'])
  })
})

test.each(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)('%s that comes twice at once is one', name => {
  const { heard, signal } = follow(new Set())
  signal(name)
  signal(name)
  expect(heard).toEqual([`end ${name}`])
})
