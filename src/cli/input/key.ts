import { domainError } from '../../contract/error-table.ts'
import { fingerprintKeyOf } from '../../custody/credential-snapshot.ts'
import { KeyMaterial } from '../../custody/key-material.ts'
import type { NewVersion } from '../../custody/manage/versions.ts'
import { fetchSecret } from '../../custody/secrets/reference.ts'
import type { OpenedStore } from '../with-store.ts'
import { flag, option, type ValuesOf } from './options.ts'

/** How a command is given an upstream key: never as an argument, which other processes could read. */
export const keyOptions = {
  stdin: flag('read the key from standard input and seal it', 'from'),
  from: option('<reference>', 'use the key that file:PATH, env:NAME or exec:COMMAND gives, now and later'),
  seal: flag('with --from: seal the key that it gives now, and never read it again')
}

type KeyOptions = Partial<ValuesOf<typeof keyOptions>>

/** A given key, as a version to store and as material to verify. Both are to be discarded. */
export type NewVersionInput = { readonly version: NewVersion; readonly material: KeyMaterial }

const longestKeyBytes = 8 * 1024

/** Reads the key. Throws DomainError: usage_invalid, secret_unavailable. */
export async function newVersionInput(
  { context, config, masterKey }: OpenedStore,
  { stdin, from, seal }: KeyOptions
): Promise<NewVersionInput> {
  if (!stdin && from === undefined)
    throw domainError('usage_invalid', 'give the key by --stdin, or a reference to it by --from REFERENCE')
  const secret = stdin
    ? await readKey(context.stdin)
    : await fetchSecret(from ?? '', context.env, { environment: config.execEnvironment })
  const isSealed = stdin || seal
  const kept = Buffer.from(secret)
  const material = new KeyMaterial(secret, fingerprintKeyOf(await masterKey()))
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

/** Reads the key for `work`, and discards it afterwards. Throws as `newVersionInput` does. */
export async function withNewVersion<T>(
  opened: OpenedStore,
  options: KeyOptions,
  work: (input: NewVersionInput) => T | Promise<T>
): Promise<T> {
  const input = await newVersionInput(opened, options)
  try {
    return await work(input)
  } finally {
    input.version.secret?.fill(0)
    input.material.discard()
  }
}

async function readKey(stdin: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk))
    bytes += chunk.length
    if (bytes > longestKeyBytes)
      throw domainError('secret_unavailable', 'the text on standard input is too long for a key')
  }
  const key = Buffer.concat(chunks).toString('utf8').trim()
  for (const chunk of chunks) chunk.fill(0)
  if (key === '') throw domainError('secret_unavailable', 'there is no key on standard input')
  return Buffer.from(key, 'utf8')
}
