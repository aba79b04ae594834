import { openRootKey } from '../../src/custody/crypto/root-key.ts'
import { openStore } from '../../src/store/store.ts'
import { issueAdminKey } from '../../src/tenants/keys/admin-keys.ts'
import { adminKeyPepper, apiKeyPepper } from '../../src/tenants/keys/api-key.ts'
import { issueKey } from '../../src/tenants/keys/keys.ts'
import { createTenant } from '../../src/tenants/tenants.ts'
import { masterKeyFile, storeFile } from '../contenders/gateway.ts'
import { connectorId } from '../fixture.ts'

/** A tenant that something will be changed of, once. */
export type Subject = { readonly tenant: string; readonly keyId: string; readonly key: string }

export const connector = connectorId(0)
const limits = { rate_per_minute: 100_000_000, burst: 100_000 }

/**
 * Adds tenants to the store in `folder` by the program's own functions, with the connector or without any, and the key
 * of an administrator who may change them.
 */
export async function addSubjects(
  folder: string,
  names: readonly { readonly tenant: string; readonly isGranted: boolean }[]
): Promise<{ subjects: Subject[]; adminKey: string }> {
  const store = await openStore(`sqlite:${storeFile(folder)}`)
  try {
    const keys = await openRootKey(store, `file:${masterKeyFile(folder)}`, {})
    const administrator = { actor: 'cli:bench', role: 'cli', version: '0.0.0', pid: process.pid } as const
    const administration = { store, administrator, clock: () => new Date() }
    const subjects: Subject[] = []
    for (const { tenant, isGranted } of names) {
      const connectors = isGranted ? [connector] : []
      await createTenant(administration, { name: tenant, connectors, ...limits })
      const { key_id: keyId, key } = await issueKey(administration, apiKeyPepper(keys), tenant, null)
      subjects.push({ tenant, keyId, key })
    }
    const wanted = { name: 'bench', role: 'operator', expiresAt: null } as const
    const { key: adminKey } = await issueAdminKey(administration, adminKeyPepper(keys), wanted)
    return { subjects, adminKey }
  } finally {
    store.close()
  }
}
