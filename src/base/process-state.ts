/** Written by `gateway.ts` alone; plugins that refuse requests read it. */
export type ProcessState = {
  /** Unready and about to drain; calls are still served. */
  ending?: boolean
  draining: boolean
  /** No master key fits the store: callers cannot be identified, and nothing can be sent. */
  sealed?: boolean
}

export function isEnding({ ending = false, draining }: ProcessState): boolean {
  return ending || draining
}
