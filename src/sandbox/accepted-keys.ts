import { seededRandom, uuid4 } from './seeded-random.ts'

/** The key that a sandbox accepts by default. Not a secret: it opens nothing but a sandbox. */
export const SANDBOX_KEY = 'bd_v2_sandbox_0000000000000000000000000000'

/** A key, or a key that acts as another user than the sandbox's own. */
export type SandboxKey = string | { readonly key: string; readonly user_id: string }

/** Who acts through the keys of this sandbox: one user in one organisation. */
export type SandboxOwner = { readonly user_id: string; readonly org_id: string }

/** The user and organisation that a seed stands for. */
export function sandboxOwner(seed: number): SandboxOwner {
  const random = seededRandom(seed, 'owner')
  return { user_id: uuid4(random), org_id: uuid4(random) }
}

/** The keys that are accepted at this moment. It changes while the sandbox runs, so that rotation can be tried. */
export class AcceptedKeys {
  readonly #users = new Map<string, string>()
  readonly #owner: SandboxOwner

  constructor(owner: SandboxOwner, keys: readonly SandboxKey[]) {
    this.#owner = owner
    for (const key of keys) this.add(key)
  }

  get count(): number {
    return this.#users.size
  }

  add(key: SandboxKey): void {
    if (typeof key === 'string') this.#users.set(key, this.#owner.user_id)
    else this.#users.set(key.key, key.user_id)
  }

  /** Whether there was such a key. */
  remove(key: string): boolean {
    return this.#users.delete(key)
  }

  /** The user a key acts as, or null for a key that is not accepted. */
  userOf(key: string | undefined): string | null {
    return (key !== undefined && this.#users.get(key)) || null
  }
}
