import { removeCredential } from '../custody/manage/operations.ts'
import type { CredentialAdministration } from '../custody/manage/transaction.ts'
import { changeCredentials } from '../custody/manage/transaction.ts'
import { addGrants, removeGrants } from '../tenants/grants.ts'
import type { Pepper } from '../tenants/keys/api-key.ts'
import { issueKey, revokeKey, rotateKey } from '../tenants/keys/keys.ts'
import { createTenant, updateTenant } from '../tenants/tenants.ts'
import type { TenantAdministration } from '../tenants/transaction.ts'
import type { CommandName, Functions } from './operations/operations.ts'

/** What a change is made with, on the store's thread. */
export type CommandContext = {
  readonly administration: TenantAdministration
  readonly custody: CredentialAdministration
  readonly pepper: Pepper
}

const defaultOverlapSeconds = 86_400

/**
 * Every change that administrators make over HTTP, by the functions that the command line calls too. They run on the
 * store's thread, so inputs and results survive `postMessage`.
 */
const commands: Functions<'command', CommandContext> = {
  createTenant: ({ administration }, tenant) => createTenant(administration, tenant),

  updateTenant: ({ administration }, { name, ...update }) => updateTenant(administration, name, update),

  issueKey: ({ administration, pepper }, { name, expires_at }) =>
    issueKey(administration, pepper, name, toDate(expires_at) ?? null),

  rotateKey: (
    { administration, pepper },
    { key_id, expires_at, overlap_seconds: overlap = defaultOverlapSeconds }
  ) =>
    rotateKey(administration, pepper, key_id, { overlapMs: overlap * 1000, expiresAt: toDate(expires_at) }),

  revokeKey: ({ administration }, { key_id }) => revokeKey(administration, key_id),

  addGrant: ({ administration }, { name, connector }) => addGrants(administration, name, [connector]),

  removeGrant: ({ administration }, { name, connector }) => removeGrants(administration, name, [connector]),

  removeCredential: ({ custody }, { credential }) => ({
    credential,
    version: changeCredentials(custody, removeCredential, credential)
  })
}

function toDate(text: string | null | undefined): Date | null | undefined {
  return typeof text === 'string' ? new Date(text) : text
}

/** A change on its way to the store's thread. */
export type CommandRequest = {
  readonly name: CommandName
  readonly input: unknown
  /** Who makes it, as the ledger records it. */
  readonly actor: string
  readonly requestId?: string | undefined
}

/** Makes a change. Throws a refusal, or what the store throws. */
export async function runCommand(context: CommandContext, { name, input }: CommandRequest): Promise<unknown> {
  // The compiler paired the name and its input where the request was made.
  const change = commands[name] as (context: CommandContext, input: unknown) => unknown
  return await change(context, input)
}
