import { readFileSync } from 'node:fs'
import {
  type CommandOptions,
  type Environment,
  fetchSecretFromCommand,
  runSecretCommand
} from './secret-command.ts'

/** A secret cannot be had. The message names the reference and the reason, never what was read. */
export class SecretUnavailable extends Error {
  override readonly name = 'SecretUnavailable'
}

/**
 * Fetches the secret behind `env:NAME`, `file:PATH` or `exec:COMMAND`, without surrounding white space (files end in a
 * newline). Blocks while a command runs. Throws SecretUnavailable when it is missing, unreadable or empty.
 */
export function resolveSecret(reference: string, env: Environment, options: CommandOptions = {}): Buffer {
  const { source, name } = parse(reference)
  if (source !== 'exec') return checked(reference, readers[source](name, env))
  try {
    return checked(reference, runSecretCommand(name, env, options))
  } catch (error) {
    throw unavailable(error)
  }
}

/** The same, without blocking. */
export async function fetchSecret(
  reference: string,
  env: Environment,
  options: CommandOptions = {}
): Promise<Buffer> {
  const { source, name } = parse(reference)
  if (source !== 'exec') return checked(reference, readers[source](name, env))
  try {
    return checked(reference, await fetchSecretFromCommand(name, env, options))
  } catch (error) {
    throw unavailable(error)
  }
}

/** How a reference is shown: a command by its first word, as the rest may hold what is nobody's business. */
export function shownReference(reference: string): string {
  return reference.startsWith('exec:') ? `${/^exec:\s*\S+/.exec(reference)?.[0] ?? 'exec:'} …` : reference
}

type Source = 'env' | 'file' | 'exec'

function parse(reference: string): { source: Source; name: string } {
  const [, source, name = ''] = /^(env|file|exec):(.*)$/s.exec(reference) ?? []
  if (source === undefined)
    throw new SecretUnavailable('a secret must be given by reference: env:NAME, file:PATH or exec:COMMAND')
  return { source: source as Source, name }
}

function checked(reference: string, text: string): Buffer {
  const secret = text.trim()
  if (secret === '') throw new SecretUnavailable(`${shownReference(reference)} is empty`)
  return Buffer.from(secret, 'utf8')
}

function unavailable(error: unknown): SecretUnavailable {
  if (error instanceof SecretUnavailable) return error
  return new SecretUnavailable(
    `the command of an exec: reference gave no secret: ${(error as Error).message}`
  )
}

const readers: Readonly<Record<Exclude<Source, 'exec'>, (name: string, env: Environment) => string>> = {
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
}
