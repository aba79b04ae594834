import { createPublicKey, type KeyObject, verify } from 'node:crypto'

/** Signs entries, by a private key that it does not reveal. */
export type Signer = {
  /** 32 bytes in base64url. */
  readonly publicKey: string
  /** The signature of a text in UTF-8, 64 bytes in base64url. */
  sign(text: string): string
}

/** The members that `signEntry` needs in an entry; none without a signer. */
export function signedBy(signer: Signer | undefined): { signer?: string; signature?: '' } {
  return signer ? { signer: signer.publicKey, signature: '' } : {}
}

const blank = '"signature":""'

/** Signs an entry's canonical text without `signature`. The text holds `prev`, so the chain before it is covered too. */
export function signEntry(text: string, signer: Signer): string {
  return text.replace(blank, `"signature":"${signer.sign(text.replace(`${blank},`, ''))}"`)
}

/** Whether `signature` was made by the key `signer` over the text without it. Never throws. */
export function isSignedBy(signer: string, text: string, signature: string): boolean {
  const key = toPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: signer }, format: 'jwk' })
  const unsigned = text.replace(`"signature":"${signature}",`, '')
  return key !== null && verify(null, Buffer.from(unsigned, 'utf8'), key, Buffer.from(signature, 'base64url'))
}

/** Reads a public key in PEM, as `ledger public-key` prints it, into the form that entries hold; null if it is none. */
export function parsePublicKey(pem: string): string | null {
  const key = toPublicKey(pem)
  return key?.asymmetricKeyType === 'ed25519' ? (key.export({ format: 'jwk' }).x ?? null) : null
}

function toPublicKey(key: Parameters<typeof createPublicKey>[0]): KeyObject | null {
  try {
    return createPublicKey(key)
  } catch {
    return null
  }
}
