import { isNativeError } from 'node:util/types'
import { type DestinationStream, type Logger, pino } from 'pino'
import { timeText } from '../base/time-text.ts'

export type { Logger }

/** What a key of the upstream, of a tenant or of an administrator looks like: never to be logged, whatever it is part of. */
const keyShapes = /\b(?:bd|cgw|cga)_[A-Za-z0-9_]+/g

/** The names of what is thrown where the program itself is wrong: the engine's classes, and assertions. */
const bugNames: ReadonlySet<unknown> = new Set([
  'Error',
  'AggregateError',
  'AssertionError',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError'
])

/** Something thrown that nobody expected, whatever its class. */
class Bug {
  readonly thrown: unknown

  constructor(thrown: unknown) {
    this.thrown = thrown
  }
}

/** Marks, as `err` of a log line, what should never have been thrown: its stack is logged in any case. */
export function asBug(thrown: unknown): unknown {
  return new Bug(thrown)
}

/**
 * The process's logger. Call sites list what they log; errors are the one thing with foreign text in it, so theirs is
 * reduced to type, code, message and, for bugs, stack, with anything shaped like a key blotted out.
 */
export function createLogger(level: string, destination: DestinationStream): Logger {
  return pino(
    { level, base: null, timestamp: () => `,"time":"${timeText()}"`, serializers: { err: describe } },
    destination
  )
}

function describe(err: unknown): Record<string, unknown> {
  return err instanceof Bug ? describeError(err.thrown, true) : describeError(err, false)
}

/** What was thrown, as it may be logged: in words, whatever it was. */
function describeError(thrown: unknown, isBug: boolean): Record<string, unknown> {
  if (typeof thrown !== 'object' || thrown === null)
    return { type: thrown === null ? 'null' : typeof thrown, message: blot(String(thrown)) }
  const { name, code, message, stack } = thrown as Partial<NodeJS.ErrnoException>
  const isError = thrown instanceof Error || isNativeError(thrown)
  return {
    type: isError ? name : 'object',
    // A number says nothing: a DOMException has one from a legacy table.
    ...(typeof code === 'string' && { code }),
    message: typeof message === 'string' ? blot(message) : 'what was thrown is no error and has no message',
    ...(isError && (isBug || !isExpected(name, code)) && { stack: blot(stack ?? '') })
  }
}

/**
 * A class of its own, or a code of the system's or of SQLite's, is given to states that can be: a file that is not there,
 * a store that is locked. Their message says it all, and a stack would look like a crash. Error alone, without a
 * code, and what the engine throws by itself is a bug.
 */
function isExpected(name: unknown, code: unknown): boolean {
  return !bugNames.has(name) || (name === 'Error' && typeof code === 'string')
}

function blot(text: string): string {
  return text.replace(keyShapes, '[key]')
}
