/** Where something is wrong: with the store, with the reference of a credential, or with one version of it. */
export type TroubleKind = 'store' | 'reference' | 'version'

/** What is wrong and lasts. */
export class Troubles {
  readonly #known: Readonly<Record<TroubleKind, Map<string, string>>> = {
    store: new Map(),
    reference: new Map(),
    version: new Map()
  }

  /** Notes one. False when it is known, with the same words: it is logged once. */
  note(kind: TroubleKind, name: string, message: string): boolean {
    if (this.#known[kind].get(name) === message) return false
    this.#known[kind].set(name, message)
    return true
  }

  end(kind: TroubleKind, name: string): void {
    this.#known[kind].delete(name)
  }

  /** Whether there is one of this kind, of a name that counts. */
  has(kind: TroubleKind, counts: (name: string) => boolean = () => true): boolean {
    for (const name of this.#known[kind].keys()) if (counts(name)) return true
    return false
  }
}
