/** Where the process is in its life. Written by `gateway.ts` alone; read by whatever must refuse meanwhile. */
export type Lifecycle = {
  draining: boolean
  /** No master key that fits the store: nobody can be told from anybody, and nothing can be sent. */
  sealed?: boolean
}
