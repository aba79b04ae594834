import { createSecretKey } from 'node:crypto'
import type { HeldVersion } from '../../src/custody/credential.ts'
import { type CredentialEvents, Credentials } from '../../src/custody/credential-pool.ts'
import { KeyMaterial } from '../../src/custody/key-material.ts'

/** Under which fingerprints are made in tests. */
export const fingerprintKey = createSecretKey(Buffer.alloc(32, 9))

export function materialOf(key: string): KeyMaterial {
  return new KeyMaterial(Buffer.from(key), fingerprintKey)
}

export function heldVersion(version: number, key: string): HeldVersion {
  return { version, source: 'sealed', material: materialOf(key) }
}

export type CredentialLog = { reverts: unknown[]; breaker: [name: string, isOpen: boolean][] }

/** Credentials, each with an active key and, perhaps, one on standby, and a clock that the test turns. */
export function heldCredentials(
  keys: Readonly<Record<string, readonly [active: string, standby?: string]>>
): { credentials: Credentials; log: CredentialLog; clock: { ms: number } } {
  const log: CredentialLog = { reverts: [], breaker: [] }
  const clock = { ms: 0 }
  const events: CredentialEvents = {
    onRevert: change => void log.reverts.push(change),
    onBreaker: (name, isOpen) => void log.breaker.push([name, isOpen])
  }
  const now = () => clock.ms
  const credentials = new Credentials(events, { monotonicMs: now, nowMs: now })
  for (const [name, [active, standby]] of Object.entries(keys))
    credentials.replace(name, {
      active: heldVersion(2, active),
      standby: standby === undefined ? null : heldVersion(1, standby),
      standbyUntilMs: 60_000
    })
  return { credentials, log, clock }
}
