import { describe, expect, test } from 'vitest'
import { Directory } from '../../src/identity/directory.ts'
import { mayUse } from '../../src/tenants/access-policy.ts'
import type { TenantRow } from '../../src/tenants/directory-rows.ts'
import { type MintedKey, mintApiKey } from '../../src/tenants/keys/api-key.ts'
import { pepper } from '../support/fixtures/temporary-store.ts'

const now = Date.parse('2026-01-01T00:00:00Z')

function row(name: string, keys: readonly MintedKey[], more: Partial<TenantRow> = {}): TenantRow {
  return {
    name,
    disabled: false,
    rate_per_minute: null,
    burst: null,
    connectors: [],
    operations: null,
    addresses: null,
    credentials: null,
    keys: keys.map(({ id, digest }) => ({ id, digest, expiresAtMs: null })),
    ...more
  }
}

function directoryOf(...tenants: TenantRow[]): Directory {
  const directory = new Directory(pepper)
  directory.load(structuredClone({ tenants }))
  return directory
}

describe('authenticate', () => {
  test('admits a live key as its tenant', () => {
    const key = mintApiKey(pepper)
    const caller = directoryOf(row('acme', [key]), row('other', [mintApiKey(pepper)])).authenticate(
      key.key,
      now
    )
    expect(caller).toMatchObject({ tenant: { name: 'acme', ratePerMinute: 60, burst: 10 }, keyId: key.id })
  })

  test('gives the same null for malformed, unknown, forged, expired and disabled', () => {
    const live = mintApiKey(pepper)
    const expired = mintApiKey(pepper)
    const disabled = mintApiKey(pepper)
    const unknown = mintApiKey(pepper)
    // Its id is known, with another secret: what somebody would send who knows only the id.
    const forged = mintApiKey(pepper)
    const directory = directoryOf(
      row('acme', [live, { ...forged, digest: live.digest }]),
      row('late', [], { keys: [{ id: expired.id, digest: expired.digest, expiresAtMs: now }] }),
      row('asleep', [disabled], { disabled: true })
    )
    for (const key of ['', 'x', live.key.slice(0, -1), unknown.key, forged.key, expired.key, disabled.key])
      expect(directory.authenticate(key, now)).toBeNull()
    expect(directory.takeUses().size).toBe(0)
    expect(directory.authenticate(expired.key, now - 1)).not.toBeNull()
  })
})

test('a change replaces the tenant it names, for its old keys too, and leaves the others', () => {
  const [first, second, other] = [mintApiKey(pepper), mintApiKey(pepper), mintApiKey(pepper)]
  const directory = directoryOf(row('acme', [first]), row('other', [other]))
  const before = directory.authenticate(first.key, now)?.tenant
  const otherBefore = directory.authenticate(other.key, now)?.tenant

  directory.apply({ lastChange: 2, changed: ['acme'], tenants: [row('acme', [second], { burst: 3 })] })
  expect(directory.authenticate(first.key, now)).toBeNull()
  expect(directory.authenticate(second.key, now)?.tenant.burst).toBe(3)
  expect(before?.burst).toBe(10)
  expect(directory.authenticate(other.key, now)?.tenant).toBe(otherBefore)

  directory.apply({ lastChange: 3, changed: ['acme'], tenants: [] })
  expect(directory.authenticate(second.key, now)).toBeNull()
  expect(directory.size).toBe(1)
})

test('find gives the live tenant of a name as it is now, and nobody for others', () => {
  const directory = directoryOf(row('acme', []), row('asleep', [], { disabled: true }))
  expect(directory.find('acme')?.name).toBe('acme')
  for (const name of ['asleep', 'absent', '', '__proto__']) expect(directory.find(name)).toBeNull()

  directory.apply({ lastChange: 2, changed: ['acme'], tenants: [row('acme', [], { burst: 3 })] })
  expect(directory.find('acme')?.burst).toBe(3)
  directory.apply({ lastChange: 3, changed: ['acme', 'asleep'], tenants: [row('asleep', [])] })
  expect(directory.find('acme')).toBeNull()
  expect(directory.find('asleep')?.name).toBe('asleep')
})

test('only granted connectors may be used, or all with *', () => {
  const [some, all] = [mintApiKey(pepper), mintApiKey(pepper)]
  const directory = directoryOf(
    row('some', [some], { connectors: ['019a9612-bfad-758c-884e-37dd8c6ad2cb'] }),
    row('all', [all], { connectors: ['*'] })
  )
  const tenants = [some, all].map(key => {
    const caller = directory.authenticate(key.key, now)
    if (caller === null) throw new Error('not admitted')
    return caller.tenant
  })
  const answers = ['019a9612-bfad-758c-884e-37dd8c6ad2cb', '00000000-0000-0000-0000-000000000000'].map(id =>
    tenants.map(tenant => mayUse(tenant, id))
  )
  expect(answers).toEqual([
    [true, true],
    [false, true]
  ])
})

test('uses are kept with their latest time, and taken once', () => {
  const key = mintApiKey(pepper)
  const directory = directoryOf(row('acme', [key]))
  directory.authenticate(key.key, now)
  directory.authenticate(key.key, now + 5)
  expect([...directory.takeUses()]).toEqual([[key.id, now + 5]])
  expect(directory.takeUses().size).toBe(0)
})

test('a key’s last use survives a reload and a removal of its tenant', () => {
  const [used, usedAgain, other] = [mintApiKey(pepper), mintApiKey(pepper), mintApiKey(pepper)]
  const directory = directoryOf(row('acme', [used]), row('again', [usedAgain]))
  directory.authenticate(used.key, now)
  directory.authenticate(usedAgain.key, now)
  // The other takes the place of one that is gone.
  directory.apply({
    lastChange: 2,
    changed: ['acme', 'again'],
    tenants: [row('again', [usedAgain]), row('other', [other])]
  })
  directory.authenticate(usedAgain.key, now + 5)
  expect(new Map(directory.takeUses())).toEqual(
    new Map([
      [used.id, now],
      [usedAgain.id, now + 5]
    ])
  )
  expect(directory.takeUses().size).toBe(0)
})
