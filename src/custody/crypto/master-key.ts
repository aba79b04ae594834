import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { createFile } from '../../base/durable-file.ts'
import { domainError } from '../../contract/error-table.ts'
import type { CommandOptions, Environment } from '../secrets/exec.ts'
import { fetchSecret, shownReference } from '../secrets/reference.ts'
import { writtenForm } from '../secrets/written-form.ts'
import { useOnce } from './envelope.ts'

/** A key from which others are derived, each for one purpose. */
export type MasterKey = {
  /** 32 bytes, the same for the same purpose each time (HKDF-SHA256). */
  derive(purpose: string): Buffer
  /** The key itself. A KeyObject, not bytes: it cannot be printed. */
  readonly material: KeyObject
  /** What seems to surround the key, e.g. quotes (`written-form.ts`). */
  readonly form?: string
}

/** The fewest characters a master key may have: 32 random bytes are 44 in base64 and 64 in hex. */
const shortestKey = 32

export type OpenMasterKeyOptions = CommandOptions & {
  /** Makes a missing file, readable by its owner alone. */
  readonly createIfAbsent?: boolean
  /** Rejects a key in quotes or the like, which only a store that was made with it may use. */
  readonly isNew?: boolean
}

/** Opens the master key behind a reference. Throws `secret_unavailable` when it is missing or too short. */
export async function openMasterKey(
  reference: string,
  env: Environment,
  { createIfAbsent = false, isNew = false, ...options }: OpenMasterKeyOptions = {}
): Promise<MasterKey> {
  if (createIfAbsent && isMissingFile(reference)) createKeyFile(pathOf(reference))
  const masterKey = masterKeyFrom(await fetchSecret(reference, env, options), reference)
  if (isNew && masterKey.form !== undefined)
    throw domainError(
      'secret_unavailable',
      `${shownReference(reference)} gives no master key: it ${masterKey.form}`
    )
  return masterKey
}

export function isMissingFile(reference: string): boolean {
  return reference.startsWith('file:') && !existsSync(pathOf(reference))
}

function pathOf(reference: string): string {
  return reference.slice('file:'.length)
}

function masterKeyFrom(fetched: Buffer, reference: string): MasterKey {
  return useOnce(fetched, material => {
    if (material.length < shortestKey)
      throw domainError(
        'secret_unavailable',
        `${shownReference(reference)} is too short for a master key: ${shortestKey} characters or more are needed`
      )
    const masterKey = keyFrom(createSecretKey(material))
    const form = writtenForm(material)
    return form === null ? masterKey : { ...masterKey, form }
  })
}

export function keyFrom(material: KeyObject): MasterKey {
  return {
    material,
    derive: purpose => Buffer.from(hkdfSync('sha256', material, 'connector-gateway', purpose, 32))
  }
}

function createKeyFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    // Of several processes that start at once, one makes the key, all read it.
    createFile(path, `${randomBytes(32).toString('base64')}\n`)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'EEXIST') throw domainError('secret_unavailable', `file:${path} cannot be made (${code})`)
  }
}
