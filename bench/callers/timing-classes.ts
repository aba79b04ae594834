import { createSecretKey, randomBytes, randomInt } from 'node:crypto'
import { AdminKeyDirectory } from '../../src/identity/admin-key-directory.ts'
import { Directory } from '../../src/identity/directory.ts'
import { digestSecret } from '../../src/tenants/keys/api-key.ts'
import { Crowd } from './crowd.ts'
import { keyOf, randomKeyId, randomSecret, secretAlphabet, secretEnd, secretStart } from './random-keys.ts'

/** Two classes of keys whose refusals are to take the same time; a key of each at every call. */
export type Classes = {
  readonly name: string
  readonly authenticate: (key: string) => unknown
  readonly one: () => string
  readonly other: () => string
  /** Called before the keys of a batch are made. */
  readonly nextBatch?: () => void
}

/**
 * More than anybody has: the processor learns by heart how a few texts are read, and then one wrong character costs more at
 * one place than at another, in texts that have nothing to do with any key as well.
 */
const adminKeys = 2_000

/** A secret with one wrong character: the first or the last. */
function wrongAt(secret: string, place: number): string {
  const right = secretAlphabet.indexOf(secret[place] as string)
  const wrong = secretAlphabet[(right + 1 + randomInt(secretAlphabet.length - 1)) % secretAlphabet.length]
  return secret.slice(0, place) + wrong + secret.slice(place + 1)
}

const lastPlace = secretEnd - secretStart - 1

/** What is compared of the tenants' keys. Half of the keys have been used, chosen at random. */
export function tenantClasses(tenants: number): Classes[] {
  const pepper = createSecretKey(randomBytes(32))
  const directory = new Directory(pepper)
  const crowd = new Crowd(pepper, tenants)
  crowd.loadInto(directory)
  const now = Date.now()
  const isUsed = Uint8Array.from({ length: crowd.size }, () => randomInt(2))
  for (const [number, used] of isUsed.entries()) if (used) directory.authenticate(crowd.key(number), now)

  const any = () => randomInt(crowd.size)
  const where = (used: 0 | 1) => {
    let number = any()
    while (isUsed[number] !== used) number = any()
    return number
  }
  const wrongSecret = (number: number) => keyOf('cgw', crowd.id(number), randomSecret())
  const nearly = (number: number, place: number) =>
    keyOf('cgw', crowd.id(number), wrongAt(crowd.key(number).slice(secretStart, secretEnd), place))
  const unknown = () => keyOf('cgw', randomKeyId(), randomSecret())
  let [known, stranger] = [any(), randomKeyId()]
  const authenticate = (key: string) => directory.authenticate(key, now)
  return [
    {
      name: 'a known id with a wrong secret, and an unknown id',
      authenticate,
      one: () => wrongSecret(any()),
      other: unknown
    },
    {
      name: 'one known id over and over, and one unknown id over and over',
      authenticate,
      one: () => wrongSecret(known),
      other: () => keyOf('cgw', stranger, randomSecret()),
      // Two texts differ a little in what it takes to read them, known or not.
      nextBatch() {
        known = any()
        stranger = randomKeyId()
      }
    },
    {
      name: 'a secret wrong in its first character, and in its last',
      authenticate,
      one: () => nearly(any(), 0),
      other: () => nearly(any(), lastPlace)
    },
    {
      name: 'a wrong secret of a key in use, and of one never used',
      authenticate,
      one: () => wrongSecret(where(1)),
      other: () => wrongSecret(where(0))
    },
    { name: 'an unknown id, and an unknown id (for comparison)', authenticate, one: unknown, other: unknown }
  ]
}

/** What is compared of administrators' keys. */
export function adminClasses(): Classes[] {
  const pepper = createSecretKey(randomBytes(32))
  const directory = new AdminKeyDirectory(pepper)
  const keys = Array.from({ length: adminKeys }, () => ({ id: randomKeyId(), secret: randomSecret() }))
  const rows = keys.map(({ id, secret }) => ({ id, digest: digestSecret(pepper, secret) }))
  directory.load({ version: 1, keys: rows.map(row => ({ ...row, role: 'viewer', expiresAtMs: null })) })
  const now = Date.now()
  const any = () => keys[randomInt(adminKeys)] as { id: string; secret: string }
  const nearly = ({ id, secret }: { id: string; secret: string }, place: number) =>
    keyOf('cga', id, wrongAt(secret, place))
  const authenticate = (key: string) => directory.authenticate(key, now)
  return [
    {
      name: 'an admin key of a known id with a wrong secret, and of an unknown id',
      authenticate,
      one: () => keyOf('cga', any().id, randomSecret()),
      other: () => keyOf('cga', randomKeyId(), randomSecret())
    },
    {
      name: 'an admin secret wrong in its first character, and in its last',
      authenticate,
      one: () => nearly(any(), 0),
      other: () => nearly(any(), lastPlace)
    }
  ]
}
