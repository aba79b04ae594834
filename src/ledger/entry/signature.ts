import { createPublicKey, type KeyObject, verify } from 'node:crypto'

/** What signs entries: the private key is elsewhere. */
export type Signer = {
  /** 32 bytes in base64url. */
  readonly publicKey: string
  /** The signature of a text in UTF-8, 64 bytes in base64url. */
  sign(text: string): string
}

/** The members of an entry that is to be signed. The signature is put in when the entry has its place. */
export type Unsigned = { readonly signer: string; readonly signature: '' }

/** Makes the facts of an entry those of a signed one, if there is somebody to sign. */
export function signedBy(signer: Signer | undefined): Unsigned | Record<never, never> {
  return signer ? { signer: signer.publicKey, signature: '' } : {}
}

const blank = '"signature":""'

/**
 * Signs an entry in its place. What is signed is its canonical text without the member `signature`: the text holds
 * `prev`, so a signature vouches for all of the chain before it too.
 */
export function signEntry(text: string, signer: Signer): string {
  return text.replace(blank, `"signature":"${signer.sign(text.replace(`${blank},`, ''))}"`)
}

/** Whether `signature` is that of the text without it by the key `signer`. Never throws, whatever is given. */
export function isSignedBy(signer: string, text: string, signature: string): boolean {
  const key = publicKeyOf(signer)
  const unsigned = text.replace(`"signature":"${signature}",`, '')
  return key !== null && verify(null, Buffer.from(unsigned, 'utf8'), key, Buffer.from(signature, 'base64url'))
}

/** Reads a public key in PEM, as `ledger public-key` prints it, into the form in which entries name it; null if it is none. */
export function parsePublicKey(pem: string): string | null {
  try {
    const key = createPublicKey(pem)
    return key.asymmetricKeyType === 'ed25519' ? (key.export({ format: 'jwk' }).x ?? null) : null
  } catch {
    return null
  }
}

function publicKeyOf(raw: string): KeyObject | null {
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw }, format: 'jwk' })
  } catch {
    return null
  }
}
