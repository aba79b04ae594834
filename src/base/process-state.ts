/** Where the process is in its life. Written by `gateway.ts` alone; read by whatever must refuse meanwhile. */
export type ProcessState = {
  /** It will drain soon, and says so; calls are still served. */
  ending?: boolean
  draining: boolean
  /** No master key that fits the store: nobody can be told from anybody, and nothing can be sent. */
  sealed?: boolean
}

/** Whether the process will end: it should get no new connections. */
export function isEnding({ ending = false, draining }: ProcessState): boolean {
  return ending || draining
}
