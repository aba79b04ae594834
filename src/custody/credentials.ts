import { resolveSecret, SecretUnavailable } from './secret-reference.ts'

/**
 * Holds the upstream keys. A key leaves only as the argument of a callback, for as long as the callback runs;
 * what the callback makes of it must go to the upstream and nowhere else.
 */
export class Credentials {
  readonly #material = new Map<string, { version: number; secret: Buffer }>()

  /** Opens the bootstrap credential `default`. Throws SecretUnavailable. */
  static open(reference: string, env: Readonly<Record<string, string | undefined>>): Credentials {
    const credentials = new Credentials()
    const secret = resolveSecret(reference, env)
    if (!/^[\x21-\x7e]+$/.test(secret.toString('latin1')))
      throw new SecretUnavailable(`${reference} holds characters that cannot be in a key`)
    credentials.#material.set('default', { version: 1, secret })
    return credentials
  }

  /** How the ledger names the credential in use, `name@version`. */
  label(name: string): string {
    return `${name}@${this.#open(name).version}`
  }

  use<T>(name: string, callback: (secret: string) => T): T {
    return callback(this.#open(name).secret.toString('latin1'))
  }

  /** Whether a text that came from outside contains a key, so that it must not travel further. */
  revealedBy(text: string): boolean {
    for (const { secret } of this.#material.values())
      if (text.includes(secret.toString('latin1'))) return true
    return false
  }

  #open(name: string): { version: number; secret: Buffer } {
    const held = this.#material.get(name)
    if (!held) throw new Error(`there is no credential ${name}`)
    return held
  }
}
