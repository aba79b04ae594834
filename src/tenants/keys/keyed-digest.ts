import assert from 'node:assert/strict'
import { hash, type KeyObject } from 'node:crypto'

/** Of SHA-256, in bytes. */
const blockBytes = 64
const digestBytes = 32

/** HMAC-SHA256 of texts in Latin-1, as text: one character for each byte. */
export type KeyedDigest = (text: string) => string

/**
 * HMAC-SHA256 under one key, for texts of one length, composed of two plain digests (RFC 2104): a third of the time of a `Hmac`
 * object for each text. Only the function holds the key: like a KeyObject, it cannot be printed. Throws for a
 * key longer than a block, and for a text of another length.
 */
export function keyedDigest(key: KeyObject, textLength: number): KeyedDigest {
  const bytes = key.export()
  assert(bytes.length <= blockBytes, 'a longer key would have to be hashed first')
  const inner = Buffer.alloc(blockBytes + textLength, 0x36)
  const outer = Buffer.alloc(blockBytes + digestBytes, 0x5c)
  for (const [index, byte] of bytes.entries()) {
    inner[index] = 0x36 ^ byte
    outer[index] = 0x5c ^ byte
  }
  bytes.fill(0)
  return function digest(text) {
    assert(text.length === textLength, 'a text of another length')
    inner.write(text, blockBytes, 'latin1')
    // As text, which costs less than an object for the bytes.
    outer.write(hash('sha256', inner, 'binary'), blockBytes, 'latin1')
    return hash('sha256', outer, 'binary')
  }
}
