import { hash } from 'node:crypto'

/** A token as it was sent, and digests of it: a token itself is kept nowhere. */
export class TokenText {
  readonly #text: string
  /** Of all of it. */
  readonly digest: string
  /** Of what is signed. Who signs that again makes another text of the same token. */
  readonly content: string

  constructor(text: string) {
    this.#text = text
    this.digest = hash('sha256', text, 'hex')
    this.content = hash('sha256', text.slice(0, text.lastIndexOf('.')), 'hex')
  }

  /** Whether each part is spelt as an encoder spells it. Decoders take more: bits behind the last byte that are not zero. */
  get isCanonical(): boolean {
    return this.#text.split('.').every(part => Buffer.from(part, 'base64url').toString('base64url') === part)
  }

  /** Of the first half of the signature: of ECDSA that is `r`, which both solutions of a signature have. */
  get firstHalf(): string {
    const signature = Buffer.from(this.#text.slice(this.#text.lastIndexOf('.') + 1), 'base64url')
    return hash('sha256', signature.subarray(0, signature.length / 2), 'hex')
  }
}
