import type { Directory } from '../../src/identity/directory.ts'
import type { TenantRow } from '../../src/tenants/directory-rows.ts'
import type { Pepper } from '../../src/tenants/keys/api-key.ts'
import { digestSecret } from '../../src/tenants/keys/api-key.ts'
import { idStart, keyLength, keyOf, randomKeyId, randomSecret, secretStart } from './random-keys.ts'

export const keysEach = 3
const digestBytes = 32
const tenantsPerPage = 2_000

/** Many tenants, each with three keys. Keys are kept as bytes: each text of one is as fresh as from a socket. */
export class Crowd {
  readonly tenants: number
  readonly #keys: Buffer
  readonly #digests: Buffer

  constructor(pepper: Pepper, tenants: number) {
    this.tenants = tenants
    this.#keys = Buffer.alloc(this.size * keyLength)
    this.#digests = Buffer.alloc(this.size * digestBytes)
    for (let number = 0; number < this.size; number++) {
      const secret = randomSecret()
      this.#keys.write(keyOf('cgw', randomKeyId(), secret), number * keyLength, 'latin1')
      this.#digests.set(digestSecret(pepper, secret), number * digestBytes)
    }
  }

  /** How many keys there are. */
  get size(): number {
    return this.tenants * keysEach
  }

  key(number: number): string {
    return this.#keys.toString('latin1', number * keyLength, (number + 1) * keyLength)
  }

  id(number: number): string {
    return this.key(number).slice(idStart, secretStart - 1)
  }

  /** Fills a directory as a gateway does at its start. */
  loadInto(directory: Directory): void {
    for (let from = 0; from < this.tenants; from += tenantsPerPage)
      directory.load({ tenants: this.rows(from, Math.min(from + tenantsPerPage, this.tenants)) })
  }

  rows(from: number, to: number): TenantRow[] {
    return Array.from({ length: to - from }, (_, index) => ({
      name: `crowd-${from + index}`,
      disabled: false,
      rate_per_minute: null,
      burst: null,
      connectors: ['*'],
      operations: null,
      addresses: null,
      credentials: null,
      keys: this.#keyRows((from + index) * keysEach)
    }))
  }

  #keyRows(first: number): TenantRow['keys'] {
    return Array.from({ length: keysEach }, (_, nth) => ({
      id: this.id(first + nth),
      digest: this.#digests.subarray((first + nth) * digestBytes, (first + nth + 1) * digestBytes),
      expiresAtMs: null
    }))
  }
}
