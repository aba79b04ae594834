import type { JSONWebKeySet, JWK } from 'jose'
import { domainError } from '../../contract/error-table.ts'

const maxKeys = 100
const publicTypes: ReadonlySet<unknown> = new Set(['RSA', 'EC', 'OKP'])

/** The public keys in the text of a key set, without others that the issuer left in it by mistake. Throws `jwks_unavailable`. */
export function parseJwks(text: string): JSONWebKeySet {
  const keys = keysIn(text)
  if (keys.length > maxKeys) throw domainError('jwks_unavailable', `it has more than ${maxKeys} keys`)
  return { keys: keys.filter(isPublicKey) }
}

function keysIn(text: string): unknown[] {
  let document: unknown
  try {
    // Some editors begin a file with a byte order mark.
    document = JSON.parse(text.replace(/^\ufeff/, ''))
  } catch {
    throw domainError('jwks_unavailable', 'it is not JSON')
  }
  const { keys } = (document ?? {}) as { keys?: unknown }
  if (!Array.isArray(keys)) throw domainError('jwks_unavailable', 'it is no key set: {"keys": […]}')
  return keys
}

function isPublicKey(key: unknown): key is JWK {
  if (typeof key !== 'object' || key === null) return false
  const { kty, d, k } = key as Partial<JWK>
  return publicTypes.has(kty) && d === undefined && k === undefined
}
