/** An error's code if that is a text, else its name. The errors of aborts and of Web Crypto have a legacy number as code. */
export function errorReason(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  if (typeof code === 'string' && code !== '') return code
  return typeof name === 'string' && name !== '' ? name : typeof error
}
