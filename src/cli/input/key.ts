import { type Command, Option } from 'commander'
import { domainError } from '../../contract/error-table.ts'
import { fingerprintKeyOf } from '../../custody/credential-snapshot.ts'
import { KeyMaterial } from '../../custody/key-material.ts'
import type { NewVersion } from '../../custody/manage/operations.ts'
import { resolveSecret } from '../../custody/secrets/reference.ts'
import type { ProcessContext } from '../context.ts'
import type { OpenedStore } from '../with-store.ts'
import type { ConfigOptions } from './options.ts'

/** How a command is given an upstream key: never as an argument, which other processes could read. */
export type KeyOptions = ConfigOptions & {
  readonly stdin?: true
  readonly from?: string
  readonly seal?: true
}

/** Adds `--stdin`, `--from` and `--seal`. */
export function withKeyOptions(command: Command): Command {
  return command
    .addOption(new Option('--stdin', 'read the key from standard input and seal it').conflicts('from'))
    .option('--from <reference>', 'use what file:PATH, env:NAME or exec:COMMAND gives, then and later')
    .option('--seal', 'with --from: seal what it gives now, and never ask it again')
}

/** The key that was given: as a version to be stored, and as material to be tried. Discard both. */
export type NewVersionInput = { readonly version: NewVersion; readonly material: KeyMaterial }

const longestKeyBytes = 8 * 1024

/** Reads the key. Throws CommandError, SecretUnavailable. */
export async function newVersionInput(
  context: ProcessContext,
  { stdin, from, seal }: KeyOptions,
  { config, masterKey }: OpenedStore
): Promise<NewVersionInput> {
  if (!stdin && from === undefined)
    throw domainError('usage_invalid', 'give the key by --stdin, or where it is by --from REFERENCE')
  const secret = stdin
    ? await readKey(context.stdin)
    : resolveSecret(from ?? '', context.env, { environment: config.execEnvironment })
  const isSealed = stdin || seal
  const kept = Buffer.from(secret)
  const material = new KeyMaterial(secret, fingerprintKeyOf(masterKey()))
  if (!isSealed) kept.fill(0)
  return {
    material,
    version: {
      source: isSealed ? 'sealed' : (from ?? ''),
      fingerprint: material.fingerprint,
      secret: isSealed ? kept : undefined
    }
  }
}

async function readKey(stdin: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk))
    bytes += chunk.length
    if (bytes > longestKeyBytes)
      throw domainError('secret_unavailable', 'what came on standard input is too long for a key')
  }
  const key = Buffer.concat(chunks).toString('utf8').trim()
  for (const chunk of chunks) chunk.fill(0)
  if (key === '') throw domainError('secret_unavailable', 'no key came on standard input')
  return Buffer.from(key, 'utf8')
}
