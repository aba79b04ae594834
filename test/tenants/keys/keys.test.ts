import { describe, expect, test } from 'vitest'
import { issueKey, listKeys, revokeKey, rotateKey } from '../../../src/tenants/keys/keys.ts'
import { createTenant } from '../../../src/tenants/tenants.ts'
import type { TenantAdministration } from '../../../src/tenants/transaction.ts'
import { adminEntries, changeCount, pepper, temporaryStore } from '../../support/fixtures/temporary-store.ts'

const hour = 3_600_000

async function storeWithTenant() {
  const temporary = await temporaryStore()
  await createTenant(temporary.administration, { name: 'acme' })
  return temporary
}

async function list(administration: TenantAdministration) {
  return (await listKeys(administration.store, 'acme', administration.clock(), { limit: 10 })).items
}

describe('issueKey', () => {
  test('stores a digest and nothing of the secret', async () => {
    const { store, administration } = await storeWithTenant()
    const issued = await issueKey(administration, pepper, 'acme', new Date('2026-01-02T00:00:00Z'))
    expect(issued).toEqual({
      tenant: 'acme',
      key_id: issued.key.slice(4, 20),
      key: issued.key,
      created_at: '2026-01-01T00:00:00.000Z',
      expires_at: '2026-01-02T00:00:00.000Z'
    })
    const rows = ['api_key', 'ledger', 'directory_change', 'meta'].map(name =>
      store.raw.prepare(`SELECT * FROM ${name}`).all()
    )
    expect(JSON.stringify(rows)).not.toContain(issued.key.slice(21, 64))
    expect(adminEntries(store).at(-1)).toMatchObject({
      kind: 'admin.key.issue',
      tenant: 'acme',
      key_id: issued.key_id,
      fields: ['expires_at']
    })
    expect(changeCount(store)).toBe(2)
  })

  test('refuses an unknown tenant and an expiry that is not in the future or after the year 9999', async () => {
    const { store, administration } = await storeWithTenant()
    await expect(issueKey(administration, pepper, 'nobody', null)).rejects.toMatchObject({
      code: 'tenant_not_found'
    })
    for (const time of [Date.parse('2026-01-01T00:00:00Z'), 0, 8e15, Number.NaN])
      await expect(issueKey(administration, pepper, 'acme', new Date(time))).rejects.toMatchObject({
        code: 'expiry_invalid'
      })
    expect(adminEntries(store)).toHaveLength(1)
    expect(await list(administration)).toEqual([])
  })
})

describe('rotateKey', () => {
  test('names the expiry of the new key, and none where it has none', async () => {
    const { store, administration } = await storeWithTenant()
    const old = await issueKey(administration, pepper, 'acme', null)
    expect(adminEntries(store).at(-1)).not.toHaveProperty('fields')
    const expiresAt = new Date('2026-01-02T00:00:00Z')
    const fresh = await rotateKey(administration, pepper, old.key_id, { overlapMs: hour, expiresAt })
    expect(adminEntries(store).slice(2)).toMatchObject([
      { kind: 'admin.key.issue', key_id: fresh.key_id, fields: ['expires_at'] },
      { kind: 'admin.key.rotate', key_id: old.key_id, fields: ['expires_at'] }
    ])
  })

  test('issues a new key at once and lets the old one expire after the overlap', async () => {
    const { store, administration, at } = await storeWithTenant()
    const old = await issueKey(administration, pepper, 'acme', null)
    at('2026-01-01T01:00:00Z')
    const fresh = await rotateKey(administration, pepper, old.key_id, { overlapMs: hour })
    expect(fresh).toMatchObject({
      tenant: 'acme',
      expires_at: null,
      replaces: { key_id: old.key_id, expires_at: '2026-01-01T02:00:00.000Z' }
    })
    expect(adminEntries(store).slice(2)).toMatchObject([
      { kind: 'admin.key.issue', key_id: fresh.key_id },
      { kind: 'admin.key.rotate', key_id: old.key_id, fields: ['expires_at'] }
    ])
    at('2026-01-01T02:00:00Z')
    expect((await list(administration)).map(key => key.state)).toEqual(['expired', 'active'])
  })

  test('ends the old key at once without an overlap', async () => {
    const { administration } = await storeWithTenant()
    const old = await issueKey(administration, pepper, 'acme', null)
    await rotateKey(administration, pepper, old.key_id, { overlapMs: 0 })
    expect((await list(administration)).find(key => key.key_id === old.key_id)?.state).toBe('expired')
  })

  test('never lengthens the life of the old key, and gives the new one as long a life', async () => {
    const { administration, at } = await storeWithTenant()
    const old = await issueKey(administration, pepper, 'acme', new Date('2026-01-01T02:00:00Z'))
    at('2026-01-01T01:30:00Z')
    const fresh = await rotateKey(administration, pepper, old.key_id, { overlapMs: 24 * hour })
    expect(fresh.replaces.expires_at).toBe('2026-01-01T02:00:00.000Z')
    expect(fresh.expires_at).toBe('2026-01-01T03:30:00.000Z')
    const forEver = await rotateKey(administration, pepper, fresh.key_id, { overlapMs: 0, expiresAt: null })
    expect(forEver.expires_at).toBeNull()
  })

  test('refuses unknown, expired and revoked keys and changes nothing', async () => {
    const { store, administration, at } = await storeWithTenant()
    const expired = await issueKey(administration, pepper, 'acme', new Date('2026-01-01T00:00:01Z'))
    const revoked = await issueKey(administration, pepper, 'acme', null)
    await revokeKey(administration, revoked.key_id)
    at('2026-01-01T00:00:01Z')
    const before = adminEntries(store).length
    for (const [id, code] of [
      ['nobody', 'key_not_found'],
      [expired.key_id, 'key_expired'],
      [revoked.key_id, 'key_revoked']
    ] as const)
      await expect(rotateKey(administration, pepper, id, { overlapMs: 0 })).rejects.toMatchObject({ code })
    expect(adminEntries(store)).toHaveLength(before)
    expect(await list(administration)).toHaveLength(2)
  })
})

describe('revokeKey', () => {
  test('revokes once: the second time adds no entry and keeps the first time', async () => {
    const { store, administration, at } = await storeWithTenant()
    const { key_id } = await issueKey(administration, pepper, 'acme', null)
    const first = await revokeKey(administration, key_id)
    at('2026-01-02T00:00:00Z')
    const second = await revokeKey(administration, key_id)
    expect(first).toMatchObject({ changed: true, state: 'revoked', revoked_at: '2026-01-01T00:00:00.000Z' })
    expect(second).toEqual({ ...first, changed: false })
    expect(adminEntries(store).filter(entry => entry.kind === 'admin.key.revoke')).toHaveLength(1)
  })

  test('refuses an unknown key without repeating what was given', async () => {
    const { administration } = await storeWithTenant()
    const { key } = await issueKey(administration, pepper, 'acme', null)
    await expect(revokeKey(administration, key)).rejects.toMatchObject({
      code: 'key_not_found',
      message: expect.not.stringContaining('cgw_')
    })
  })
})

test('listKeys gives every key once, oldest first, whatever the page size', async () => {
  const { store, administration, at } = await storeWithTenant()
  const ids: string[] = []
  for (const time of ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z']) {
    at(time)
    ids.push((await issueKey(administration, pepper, 'acme', null)).key_id)
  }
  const expected = [...ids.slice(0, 2).sort(), ids[2]]
  for (const limit of [1, 2, 3]) {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await listKeys(store, 'acme', administration.clock(), { limit, cursor })
      seen.push(...page.items.map(key => key.key_id))
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    expect(seen).toEqual(expected)
  }
})
