/** Where the process is in its life. Written by `gateway.ts` alone; read by whatever must refuse while it drains. */
export type Lifecycle = { draining: boolean }
