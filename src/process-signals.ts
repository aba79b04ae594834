import { isatty } from 'node:tty'
import type { EventPublisher } from './telemetry/events.ts'

/** Sent by supervisors (TERM, and QUIT by those used to nginx) and by people (INT, QUIT). */
const endSignals = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const
/** Under npm a terminal's Ctrl-C comes twice: from the terminal, and forwarded by npm. */
const sameSignalMs = 50

/** The process, as far as signals go. */
export type SignalSource = Pick<NodeJS.EventEmitter, 'on' | 'off' | 'listenerCount'>

export type ProcessSignals = {
  /** Called each time that the process is asked to end. */
  readonly onEnd: (signal: NodeJS.Signals) => void
  /** Called when an operator asks it to read its sources again. */
  readonly onRerunCommands: () => void
  /** Whether a file descriptor is a terminal that still has its other end. */
  readonly isTerminal?: (fd: number) => boolean
}

/** Handles the signals that control this process. Returns what ends that. */
export function followProcessSignals(
  source: SignalSource,
  { onEnd, onRerunCommands: onReadAgain, isTerminal = isatty }: ProcessSignals
): () => void {
  const terminals = [0, 1, 2].filter(isTerminal)
  let repeatedUntil = 0
  function end(signal: NodeJS.Signals): void {
    const now = performance.now()
    if (now < repeatedUntil) return
    repeatedUntil = now + sameSignalMs
    onEnd(signal)
  }
  // Closing its terminal means that the program should end; SIGHUP of a supervisor does not.
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

/** Ignores the signals that mean nothing here, and would end the process or open its inspector. */
export function ignoreOtherSignals(source: SignalSource, events: EventPublisher): void {
  const ignore = (signal: NodeJS.Signals, reason: string) =>
    source.on(signal, () => events.publish('process.signal_ignored', { signal, reason }))
  // Without a handler Node opens the inspector.
  ignore('SIGUSR1', 'it would open the inspector')
  // Node's options may ask for a report at this signal.
  if (source.listenerCount('SIGUSR2') === 0) ignore('SIGUSR2', 'it means nothing here')
}
