import { isNativeError } from 'node:util/types'
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino'
import { timestamp } from '../base/timestamp.ts'

type PlainLine = {
  readonly level: 'debug' | 'info' | 'warn'
  /** At least one is defined. */
  readonly members: Readonly<Record<string, string | number | boolean | undefined>>
  readonly message: string
}

export type Logger = PinoLogger & {
  /** Logs a line as the method of its level does, for a third of the time. For lines that every request writes. */
  plain(line: PlainLine): void
}

/** Keys of the upstream, of tenants and of administrators, anywhere in a text. */
const keyShapes = /\b(?:bd|cgw|cga)_[A-Za-z0-9_]+/g

/** Errors that show a bug: the engine's classes, and assertions. */
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

class Bug {
  readonly thrown: unknown

  constructor(thrown: unknown) {
    this.thrown = thrown
  }
}

/** As `err` of a log line: what was thrown is a bug, whatever its class, and its stack is logged. */
export function asBug(thrown: unknown): unknown {
  return new Bug(thrown)
}

/** The process's logger. Call sites list what they log; of errors it logs type, code, message and, for bugs, stack, without keys. */
export function createLogger(level: string, destination: DestinationStream): Logger {
  const logger = pino(
    { level, base: null, timestamp: () => `,"time":"${timestamp()}"`, serializers: { err: describeError } },
    destination
  )
  function plain({ level, members, message }: PlainLine): void {
    if (!logger.isLevelEnabled(level)) return
    const start = `{"level":${pino.levels.values[level]},"time":"${timestamp()}",`
    destination.write(`${start}${JSON.stringify(members).slice(1, -1)},"msg":${JSON.stringify(message)}}\n`)
  }
  return Object.assign(logger, { plain })
}

function describeError(err: unknown): Record<string, unknown> {
  // Of several failures of one cleanup the first is the cause.
  if (err instanceof SuppressedError) return describeError(err.suppressed)
  const isBug = err instanceof Bug
  const thrown = isBug ? err.thrown : err
  if (typeof thrown !== 'object' || thrown === null)
    return { type: thrown === null ? 'null' : typeof thrown, message: blot(String(thrown)) }
  const { name, code, message, stack } = thrown as Partial<NodeJS.ErrnoException>
  const isError = thrown instanceof Error || isNativeError(thrown)
  return {
    type: isError ? name : 'object',
    // A DOMException has a legacy number.
    ...(typeof code === 'string' && { code }),
    message: typeof message === 'string' ? blot(message) : 'what was thrown is no error and has no message',
    ...(isError && (isBug || !isExpected(name, code)) && { stack: blot(stack ?? '') })
  }
}

/**
 * An error with a class of its own, or a code of the system's or SQLite's, is an expected state whose message is enough: a stack
 * would look like a crash. A bare Error without a code, or one of the engine's, is a bug.
 */
function isExpected(name: unknown, code: unknown): boolean {
  return !bugNames.has(name) || (name === 'Error' && typeof code === 'string')
}

function blot(text: string): string {
  return text.replace(keyShapes, '[key]')
}
