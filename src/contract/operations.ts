import { domainError } from './error-table.ts'

/** What a tenant may be permitted to do: start syncs, and read their history. */
export const operations = ['sync', 'read'] as const
export type Operation = (typeof operations)[number]

/** One set for all tenants without operations of their own. */
export const defaultOperations: ReadonlySet<Operation> = new Set(operations)

/** Operations in their usual order, each once; null when they are the default. Throws operation_invalid. */
export function readOperations(texts: readonly string[]): readonly Operation[] | null {
  for (const text of texts)
    if (!isOperation(text))
      throw domainError('operation_invalid', `an operation is one of ${operations.join(', ')}`)
  const chosen = operations.filter(operation => texts.includes(operation))
  return chosen.length === operations.length ? null : chosen
}

/** Whether a text names an operation. */
export function isOperation(text: unknown): text is Operation {
  return operations.some(operation => operation === text)
}
