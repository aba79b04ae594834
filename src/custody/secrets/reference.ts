import { DomainError } from '../../base/domain-error.ts'
import { domainError } from '../../contract/error-table.ts'
import { type CommandOptions, type Environment, runSecretCommand } from './exec.ts'
import { readSecretFile, trimmedSecret } from './file.ts'

/**
 * The secret behind `env:NAME`, `file:PATH` or `exec:COMMAND`, without the white space around it. Throws `secret_unavailable`,
 * which names the reference and the reason, never what was read.
 */
export async function fetchSecret(
  reference: string,
  env: Environment,
  options: CommandOptions = {}
): Promise<Buffer> {
  const [, source = '', name = ''] = /^(env|file|exec):(.*)$/s.exec(reference) ?? []
  const secret = trimmedSecret(await textOf(source, name, env, options))
  if (secret === null)
    throw domainError('secret_unavailable', `${shownReference(reference)} is no text (UTF-8)`)
  if (secret.length === 0) throw domainError('secret_unavailable', `${shownReference(reference)} is empty`)
  return secret
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

function textOf(source: string, name: string, env: Environment, options: CommandOptions) {
  if (source === 'exec') return runSecretCommand(name, env, options)
  if (source === 'file') return readFile(name)
  if (source === 'env') return readVariable(name, env)
  throw domainError(
    'secret_unavailable',
    'a secret must be given by reference: env:NAME, file:PATH or exec:COMMAND'
  )
}

function readVariable(name: string, env: Environment): Buffer {
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  if (value === undefined) throw domainError('secret_unavailable', `env:${name} is not set`)
  return Buffer.from(value, 'utf8')
}

function readFile(path: string): Buffer {
  try {
    return readSecretFile(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = error instanceof DomainError ? message : code
    throw domainError('secret_unavailable', `file:${path} cannot be read (${why})`)
  }
}
