import { readFileSync } from 'node:fs'

/** The program's version, from its package.json: two folders up, in the checkout and in the package. */
export const version: string = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version
