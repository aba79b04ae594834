/**
 * What an error is called, in a word: its code when that is one, and otherwise its name. Of what aborts and of what is
 * done by Web Crypto the code is a number from a table of old, which tells nobody anything.
 */
export function errorReason(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  if (typeof code === 'string' && code !== '') return code
  return typeof name === 'string' && name !== '' ? name : typeof error
}
