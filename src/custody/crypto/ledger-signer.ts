import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { MasterKey } from './master-key.ts'

/** Signs for the ledger (Ed25519). The private key stays in here. */
export type LedgerSigner = {
  /** 32 bytes in base64url, as signed entries name it. */
  readonly publicKey: string
  /** For keeping where the store's owner cannot write. */
  readonly publicKeyPem: string
  /** The signature of a text in UTF-8, 64 bytes in base64url. */
  sign(text: string): string
}

/** What comes before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The signer of a master key: the same for the same master key each time. */
export function ledgerSigner(masterKey: Pick<MasterKey, 'derive'>): LedgerSigner {
  const seed = masterKey.derive('ledger-signing-key')
  const der = Buffer.concat([pkcs8Prefix, seed])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  seed.fill(0)
  der.fill(0)
  const publicKey = createPublicKey(privateKey)
  return {
    publicKey: publicKey.export({ format: 'jwk' }).x ?? '',
    publicKeyPem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    sign: text => sign(null, Buffer.from(text, 'utf8'), privateKey).toString('base64url')
  }
}
