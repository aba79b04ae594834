import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { gateway, storeFile } from '../contenders/gateway.ts'
import { addTenants } from '../contenders/gateway-store.ts'
import { keysEach } from './crowd.ts'

/** Folders with a store each, made once for the run. */
export type Stores = {
  /** Of the run. */
  readonly folder: string
  readonly large: string
  readonly ten: string
  readonly upstreamPort: number
}

/** Makes them as a gateway and its commands would, with three keys to each tenant. */
export function makeStores(folder: string, upstreamPort: number, tenants: number): Stores {
  const [prepared, large, ten] = ['prepared', 'large', 'ten'].map(name => join(folder, name)) as [
    string,
    string,
    string
  ]
  gateway.prepare?.(prepared, { upstreamPort })
  for (const [path, count] of [
    [large, tenants],
    [ten, 10]
  ] as const) {
    cpSync(prepared, path, { recursive: true })
    addTenants(storeFile(path), count, keysEach)
  }
  return { folder, large, ten, upstreamPort }
}
