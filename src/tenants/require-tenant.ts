import type { Kysely } from 'kysely'
import { domainError } from '../contract/error-table.ts'
import type { Tables } from '../store/tables.ts'

/** The tenant's row. Throws tenant_not_found. */
export async function requireTenant(db: Kysely<Tables>, name: string): Promise<Tables['tenant']> {
  const tenant = await findTenant(db, name)
  if (tenant === undefined) throw domainError('tenant_not_found', 'there is no tenant with this name')
  return tenant
}

/** The tenant's row, or undefined. */
export async function findTenant(db: Kysely<Tables>, name: string): Promise<Tables['tenant'] | undefined> {
  return await db.selectFrom('tenant').selectAll().where('name', '=', name).executeTakeFirst()
}
