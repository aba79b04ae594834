import { hash } from 'node:crypto'

/** The digests of a token: the token itself is kept nowhere. */
export class TokenText {
  readonly #text: string
  /** Of the whole token. */
  readonly digest: string
  /** Of what is signed: signed again, it is another text of the same token. */
  readonly content: string

  constructor(text: string) {
    this.#text = text
    this.digest = hash('sha256', text, 'hex')
    this.content = hash('sha256', text.slice(0, text.lastIndexOf('.')), 'hex')
  }

  /** Whether each part is in canonical base64url. Decoders also take non-zero bits behind the last byte. */
  get isCanonical(): boolean {
    return this.#text.split('.').every(part => Buffer.from(part, 'base64url').toString('base64url') === part)
  }

  /** Of the first half of the signature: for ECDSA that is `r`, which both solutions share. */
  get firstHalf(): string {
    const signature = Buffer.from(this.#text.slice(this.#text.lastIndexOf('.') + 1), 'base64url')
    return hash('sha256', signature.subarray(0, signature.length / 2), 'hex')
  }
}
