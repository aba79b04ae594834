import { isNativeError } from 'node:util/types'
import { type DestinationStream, type Logger, pino } from 'pino'
import { timeText } from './time-text.ts'

export type { Logger }

/** What a key of the upstream, of a tenant or of an administrator looks like: never to be logged, whatever it is part of. */
const keyShapes = /\b(?:bd|cgw|cga)_[A-Za-z0-9_]+/g

/**
 * The process's logger. Call sites list what they log; errors are the one thing with foreign text in it, so theirs is
 * reduced to type, code, message and stack, with anything shaped like a key blotted out.
 */
export function createLogger(level: string, destination: DestinationStream): Logger {
  return pino(
    { level, base: null, timestamp: () => `,"time":"${timeText()}"`, serializers: { err: describeError } },
    destination
  )
}

/** What was thrown, as it may be logged: in words, whatever it was. */
function describeError(thrown: unknown): Record<string, unknown> {
  if (typeof thrown !== 'object' || thrown === null)
    return { type: thrown === null ? 'null' : typeof thrown, message: blot(String(thrown)) }
  const { name, code, message, stack } = thrown as Partial<NodeJS.ErrnoException>
  const isError = thrown instanceof Error || isNativeError(thrown)
  return {
    type: isError ? name : 'object',
    // A number says nothing: a DOMException has one from a legacy table.
    ...(typeof code === 'string' && { code }),
    message: typeof message === 'string' ? blot(message) : 'what was thrown is no error and has no message',
    ...(isError && { stack: blot(stack ?? '') })
  }
}

function blot(text: string): string {
  return text.replace(keyShapes, '[key]')
}
