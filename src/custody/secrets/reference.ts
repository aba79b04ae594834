import { DomainError } from '../../base/domain-error.ts'
import { domainError } from '../../contract/error-table.ts'
import { type CommandOptions, type Environment, fetchSecretFromCommand, runSecretCommand } from './exec.ts'
import { readSecretFile, trimmedSecret } from './file.ts'

/**
 * The secret behind `env:NAME`, `file:PATH` or `exec:COMMAND`, without the white space around it. Blocks while a command runs.
 * Throws `secret_unavailable`, which names the reference and the reason, never what was read.
 */
export function resolveSecret(reference: string, env: Environment, options: CommandOptions = {}): Buffer {
  const { source, name } = parse(reference)
  const text = source === 'exec' ? runSecretCommand(name, env, options) : readers[source](name, env)
  return checked(reference, text)
}

/** The same, without blocking. */
export async function fetchSecret(
  reference: string,
  env: Environment,
  options: CommandOptions = {}
): Promise<Buffer> {
  const { source, name } = parse(reference)
  const text =
    source === 'exec' ? await fetchSecretFromCommand(name, env, options) : readers[source](name, env)
  return checked(reference, text)
}

/** How a reference is shown: a command by its first word, as its arguments may be secret. */
export function shownReference(reference: string): string {
  return reference.startsWith('exec:') ? `${/^exec:\s*\S+/.exec(reference)?.[0] ?? 'exec:'} …` : reference
}

/**
 * The source of a version as the ledger keeps it for ever: `sealed`, or a reference as it is shown. Anything but the name of a
 * variable or of a program is left out, as it may be a secret.
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
    throw domainError(
      'secret_unavailable',
      'a secret must be given by reference: env:NAME, file:PATH or exec:COMMAND'
    )
  return { source: source as Source, name }
}

function checked(reference: string, text: Buffer): Buffer {
  const secret = trimmedSecret(text)
  if (secret === null)
    throw domainError('secret_unavailable', `${shownReference(reference)} is no text (UTF-8)`)
  if (secret.length === 0) throw domainError('secret_unavailable', `${shownReference(reference)} is empty`)
  return secret
}

const readers: Readonly<Record<Exclude<Source, 'exec'>, (name: string, env: Environment) => Buffer>> = {
  env(name, env) {
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    if (value === undefined) throw domainError('secret_unavailable', `env:${name} is not set`)
    return Buffer.from(value, 'utf8')
  },
  file(path) {
    try {
      return readSecretFile(path)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      const why = error instanceof DomainError ? message : code
      throw domainError('secret_unavailable', `file:${path} cannot be read (${why})`)
    }
  }
}
