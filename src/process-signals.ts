import { isatty } from 'node:tty'
import type { EventPublisher } from './telemetry/events.ts'

/** Who asks a process to end: supervisors (TERM, and QUIT where nginx's habits live on), and people (INT, QUIT). */
const endSignals = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const
/** A terminal's Ctrl-C reaches us twice when npm stands between: from the terminal, and passed on by npm. */
const sameSignalMs = 50

/** The process, as far as signals go. */
export type SignalSource = Pick<NodeJS.EventEmitter, 'on' | 'off' | 'listenerCount'>

export type ProcessSignals = {
  /** The process is asked to end; called again each time that it is. */
  readonly onEnd: (signal: NodeJS.Signals) => void
  /** An operator asks it to look again at what it was given. */
  readonly onReadAgain: () => void
  /** Whether a file descriptor is a terminal that still has its other end. */
  readonly isTerminal?: (fd: number) => boolean
}

/** Takes over the signals by which others steer this process. Returns what gives them back. */
export function followProcessSignals(
  source: SignalSource,
  { onEnd, onReadAgain, isTerminal = isatty }: ProcessSignals
): () => void {
  const terminals = [0, 1, 2].filter(isTerminal)
  let repeatedUntil = 0
  function end(signal: NodeJS.Signals): void {
    const now = performance.now()
    if (now < repeatedUntil) return
    repeatedUntil = now + sameSignalMs
    onEnd(signal)
  }
  // Whoever sits at a terminal and closes it means the program to end; a supervisor that sends SIGHUP does not.
  function hangUp(): void {
    if (terminals.every(isTerminal)) onReadAgain()
    else end('SIGHUP')
  }
  for (const signal of endSignals) source.on(signal, end)
  source.on('SIGHUP', hangUp)
  return () => {
    for (const signal of endSignals) source.off(signal, end)
    source.off('SIGHUP', hangUp)
  }
}

/** Takes the signals that mean nothing here, and would end the process or open it. */
export function ignoreOtherSignals(source: SignalSource, events: EventPublisher): void {
  const ignore = (signal: NodeJS.Signals, reason: string) =>
    source.on(signal, () => events.publish('process.signal_ignored', { signal, reason }))
  // Node opens the inspector at this signal unless somebody else takes it.
  ignore('SIGUSR1', 'it would open the inspector')
  // Node itself may have been told to write a report at it.
  if (source.listenerCount('SIGUSR2') === 0) ignore('SIGUSR2', 'it means nothing here')
}
