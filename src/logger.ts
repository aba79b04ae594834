import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger }

/** What a key of the upstream, of a tenant or of an administrator looks like: never to be logged, whatever it is part of. */
const keyShapes = /\b(?:bd|cgw|cga)_[A-Za-z0-9_]+/g

/**
 * The process's logger. Call sites list what they log; errors are the one thing with foreign text in it, so theirs is
 * reduced to type, code, message and stack, with anything shaped like a key blotted out.
 */
export function createLogger(level: string, destination: DestinationStream): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: describeError } },
    destination
  )
}

/** An error as it may be logged. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error }
  return {
    type: error.name,
    code: (error as NodeJS.ErrnoException).code,
    message: blot(error.message),
    stack: blot(error.stack ?? '')
  }
}

function blot(text: string): string {
  return text.replace(keyShapes, '[key]')
}
