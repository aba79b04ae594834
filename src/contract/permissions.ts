import { domainError } from './error-table.ts'

/**
 * What a tenant may be permitted to do: start syncs, and read their history. On the wire, in files and in the store a tenant's
 * permissions are its `operations`.
 */
export const permissions = ['sync', 'read'] as const
export type Permission = (typeof permissions)[number]

/** One set for all tenants without permissions of their own. */
export const defaultPermissions: ReadonlySet<Permission> = new Set(permissions)

/** Permissions in their usual order, each once; null when they are the default. Throws operation_invalid. */
export function readPermissions(texts: readonly string[]): readonly Permission[] | null {
  for (const text of texts)
    if (!isPermission(text))
      throw domainError('operation_invalid', `an operation is one of ${permissions.join(', ')}`)
  const chosen = permissions.filter(permission => texts.includes(permission))
  return chosen.length === permissions.length ? null : chosen
}

export function isPermission(text: unknown): text is Permission {
  return permissions.some(permission => permission === text)
}
