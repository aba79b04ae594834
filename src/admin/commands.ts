import { removeCredential } from '../custody/manage/operations.ts'
import type { CredentialAdministration } from '../custody/manage/transaction.ts'
import { changeCredentials } from '../custody/manage/transaction.ts'
import { addGrants, removeGrants } from '../tenants/grants.ts'
import type { Pepper } from '../tenants/keys/api-key.ts'
import { issueKey, revokeKey, rotateKey } from '../tenants/keys/keys.ts'
import { createTenant, type NewTenant, type TenantUpdate, updateTenant } from '../tenants/tenants.ts'
import type { TenantAdministration } from '../tenants/transaction.ts'

/** What a change is made with, on the store's thread. */
export type CommandContext = {
  readonly administration: TenantAdministration
  readonly custody: CredentialAdministration
  readonly pepper: Pepper
}

type Grant = { readonly tenant: string; readonly connectorId: string }

/**
 * Every change that can be asked of a running gateway, by its name: the same functions that the command line calls. It
 * runs on the store's thread, so what it takes and gives survives `postMessage`.
 */
export const commands = {
  createTenant: ({ administration }: CommandContext, wanted: NewTenant) =>
    createTenant(administration, wanted),

  updateTenant: (
    { administration }: CommandContext,
    { tenant, ...wanted }: TenantUpdate & { tenant: string }
  ) => updateTenant(administration, tenant, wanted),

  issueKey: (
    { administration, pepper }: CommandContext,
    { tenant, expiresAt }: { tenant: string; expiresAt: Date | null }
  ) => issueKey(administration, pepper, tenant, expiresAt),

  rotateKey: (
    { administration, pepper }: CommandContext,
    { keyId, ...life }: { keyId: string; overlapMs: number; expiresAt?: Date | null | undefined }
  ) => rotateKey(administration, pepper, keyId, life),

  revokeKey: ({ administration }: CommandContext, { keyId }: { keyId: string }) =>
    revokeKey(administration, keyId),

  addGrant: ({ administration }: CommandContext, { tenant, connectorId }: Grant) =>
    addGrants(administration, tenant, [connectorId]),

  removeGrant: ({ administration }: CommandContext, { tenant, connectorId }: Grant) =>
    removeGrants(administration, tenant, [connectorId]),

  removeCredential: async ({ custody }: CommandContext, { name }: { name: string }) =>
    changeCredentials(custody, removeCredential, name)
} as const satisfies Record<string, (context: CommandContext, input: never) => Promise<unknown>>

type Changes = typeof commands
export type CommandName = keyof Changes
export type CommandInput<N extends CommandName> = Parameters<Changes[N]>[1]
export type CommandResult<N extends CommandName> = Awaited<ReturnType<Changes[N]>>

/** A change on its way to the store's thread: what is to be done, and for whom. */
export type CommandRequest = {
  readonly name: CommandName
  readonly input: unknown
  /** Who asks, as the ledger tells it. */
  readonly actor: string
  /** The id of the request by which it is asked. */
  readonly requestId?: string | undefined
}

/** Makes a change. Throws Refusal, or what the store throws. */
export async function runCommand(context: CommandContext, { name, input }: CommandRequest): Promise<unknown> {
  // The name and its input were paired by the compiler where the request was made.
  const change = commands[name] as (context: CommandContext, input: unknown) => Promise<unknown>
  return await change(context, input)
}
