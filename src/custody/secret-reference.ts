import { readFileSync } from 'node:fs'

/** A secret cannot be had. The message names the reference and the reason, never what was read. */
export class SecretUnavailable extends Error {
  override readonly name = 'SecretUnavailable'
}

/**
 * Fetches the secret behind `env:NAME` or `file:PATH`, without surrounding white space (files end in a newline).
 * Throws SecretUnavailable when it is missing, unreadable or empty.
 */
export function resolveSecret(reference: string, env: Readonly<Record<string, string | undefined>>): Buffer {
  const separator = reference.indexOf(':')
  const source = sources.get(reference.slice(0, separator))
  if (!source) throw new SecretUnavailable('a secret must be given by reference: env:NAME or file:PATH')
  const secret = source(reference.slice(separator + 1), env).trim()
  if (secret === '') throw new SecretUnavailable(`${reference} is empty`)
  return Buffer.from(secret, 'utf8')
}

type Source = (name: string, env: Readonly<Record<string, string | undefined>>) => string

const sources: ReadonlyMap<string, Source> = new Map(
  Object.entries<Source>({
    env(name, env) {
      const value = Object.hasOwn(env, name) ? env[name] : undefined
      if (value === undefined) throw new SecretUnavailable(`env:${name} is not set`)
      return value
    },
    file(path) {
      try {
        return readFileSync(path, 'utf8')
      } catch (error) {
        throw new SecretUnavailable(`file:${path} cannot be read (${(error as NodeJS.ErrnoException).code})`)
      }
    }
  })
)
