/** Written by `gateway.ts` alone, read by what must refuse requests. */
export type ProcessState = {
  /** It is unready and will drain soon; calls are still served. */
  ending?: boolean
  draining: boolean
  /** No master key fits the store: callers cannot be identified, and nothing can be sent. */
  sealed?: boolean
}

/** Whether the process will end: it should get no new connections. */
export function isEnding({ ending = false, draining }: ProcessState): boolean {
  return ending || draining
}
