/**
 * What an error is called, in a word: its code when that is one, and otherwise its name. The errors of aborts and of Web
 * Crypto have a number as their code, from a legacy table, which says nothing to a reader.
 */
export function errorReason(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  if (typeof code === 'string' && code !== '') return code
  return typeof name === 'string' && name !== '' ? name : typeof error
}
