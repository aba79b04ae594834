import { fingerprintKeyOf } from '../../src/custody/credential-snapshot.ts'
import { KeyMaterial } from '../../src/custody/key-material.ts'
import { addCredential } from '../../src/custody/manage/commands.ts'
import type { TestAdministration } from './test-gateway.ts'

/** Adds a credential with this key, sealed in the store; returns its fingerprint. For `prepare` of a test gateway. */
export function addSealedCredential(
  { custody }: Pick<TestAdministration, 'custody'>,
  name: string,
  key: string
): string {
  const administration = custody()
  const { fingerprint } = new KeyMaterial(Buffer.from(key), fingerprintKeyOf(administration.keys))
  addCredential(administration, name, { source: 'sealed', fingerprint, secret: Buffer.from(key) })
  return fingerprint
}
