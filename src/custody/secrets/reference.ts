import { type CommandOptions, type Environment, fetchSecretFromCommand, runSecretCommand } from './exec.ts'
import { NoSecretFile, readSecretFile, trimmedSecret } from './file.ts'

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

/**
 * Where the key of a version comes from, as the ledger keeps it for ever: `sealed`, or a reference as it is shown. What is no
 * variable's name, and a command that begins with anything but the name of a program, are left out: it may be a secret.
 */
export function recordedSource(source: string | undefined): string | null {
  if (source === undefined || source === 'sealed') return source ?? null
  const [, scheme = '', name = ''] = /^(env|file|exec):\s*(.*)$/s.exec(source) ?? []
  if (scheme === 'file') return source
  if (scheme === 'env') return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? source : 'env:…'
  return /^[A-Za-z0-9_./-]+(?=\s|$)/.test(name) ? shownReference(source) : `${scheme}:…`
}

type Source = 'env' | 'file' | 'exec'

function parse(reference: string): { source: Source; name: string } {
  const [, source, name = ''] = /^(env|file|exec):(.*)$/s.exec(reference) ?? []
  if (source === undefined)
    throw new SecretUnavailable('a secret must be given by reference: env:NAME, file:PATH or exec:COMMAND')
  return { source: source as Source, name }
}

function checked(reference: string, text: Buffer): Buffer {
  const secret = trimmedSecret(text)
  if (secret === null) throw new SecretUnavailable(`${shownReference(reference)} is no text (UTF-8)`)
  if (secret.length === 0) throw new SecretUnavailable(`${shownReference(reference)} is empty`)
  return secret
}

function unavailable(error: unknown): SecretUnavailable {
  if (error instanceof SecretUnavailable) return error
  return new SecretUnavailable(
    `the command of an exec: reference gave no secret: ${(error as Error).message}`
  )
}

const readers: Readonly<Record<Exclude<Source, 'exec'>, (name: string, env: Environment) => Buffer>> = {
  env(name, env) {
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    if (value === undefined) throw new SecretUnavailable(`env:${name} is not set`)
    return Buffer.from(value, 'utf8')
  },
  file(path) {
    try {
      return readSecretFile(path)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      const why = error instanceof NoSecretFile ? message : code
      throw new SecretUnavailable(`file:${path} cannot be read (${why})`)
    }
  }
}
