import { createSecretKey, randomBytes } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { domainError } from '../../src/contract/error-table.ts'
import {
  CredentialReconciler,
  type CredentialReconcilerOptions
} from '../../src/custody/credential-reconciler.ts'
import type { CredentialSnapshot } from '../../src/custody/credential-snapshot.ts'
import { seal } from '../../src/custody/crypto/envelope.ts'
import { fingerprintOf } from '../../src/custody/key-material.ts'
import type { VersionRow } from '../../src/custody/manage/credential-rows.ts'
import { fingerprintKey, heldCredentials } from '../support/fixtures/held-credentials.ts'
import { recordEvents } from '../support/fixtures/recorded-events.ts'
import { eventually } from '../support/scenario/wait.ts'

const wrapping = createSecretKey(randomBytes(32))
const [before, active] = ['bd_v2_canary_of_the_keeper_1', 'bd_v2_canary_of_the_keeper_2']

function sealedVersion(version: number, key: string): VersionRow {
  const { wrappedKey, sealed } = seal(Buffer.from(key), `default@${version}`, wrapping)
  const fingerprint = fingerprintOf(Buffer.from(key), fingerprintKey)
  const created_at = '2026-01-01T00:00:00.000Z'
  return {
    credential: 'default',
    version,
    created_at,
    source: 'sealed',
    fingerprint,
    wrapped_key: wrappedKey,
    sealed
  }
}

/** A store with one credential at its second version, the first on standby for so long. */
function snapshotOf(graceMs: number, versions = [sealedVersion(1, before), sealedVersion(2, active)]) {
  const snapshot: CredentialSnapshot = {
    lastChange: 2,
    wrapping,
    fingerprintKey,
    records: {
      credentials: [
        {
          name: 'default',
          created_at: '2026-01-01T00:00:00.000Z',
          removed_at: null,
          latest: 2,
          active: 2,
          standby: 1,
          standby_until: new Date(Date.now() + graceMs).toISOString(),
          follows_setting: 0
        }
      ],
      versions
    }
  }
  return snapshot
}

const keepers: CredentialReconciler[] = []
afterEach(async () => {
  for (const keeper of keepers.splice(0)) await keeper.close()
})

/** A keeper of credentials before a store that the test plays. */
function keeperBefore(store: CredentialReconcilerOptions['store']) {
  const { credentials } = heldCredentials({})
  const { events, recorded } = recordEvents()
  const keeper = new CredentialReconciler({
    credentials,
    store,
    sources: { env: {}, commands: {} },
    setting: { reference: 'env:NOT_USED', mayBeMissing: true },
    execRefreshMs: 1000,
    events,
    reportsCommand: false
  })
  keepers.push(keeper)
  const failures = () => recorded.flatMap(([name, { err }]) => (err ? [[name, (err as Error).message]] : []))
  return { keeper, credentials, failures }
}

/** Answers `credentials` as a store does: null when nothing has changed. */
function storeGiving(
  give: (lastChange: number) => CredentialSnapshot | null
): CredentialReconcilerOptions['store'] {
  return { call: async (_job: string, payload: unknown) => give(payload as number) as never }
}

test('the key before is zeroed when its grace period is over, and not opened again', async () => {
  const { keeper, credentials } = keeperBefore(
    storeGiving(lastChange => (lastChange < 2 ? snapshotOf(400) : null))
  )
  await keeper.open()
  const { standby } = credentials.held('default')
  expect(standby?.material.use(key => key)).toBe(before)
  await eventually('it is dropped', () => credentials.held('default').standby === null)
  expect(standby?.material.use(key => key)).not.toContain('bd_')
  expect(credentials.held('default').active?.version).toBe(2)

  const later = keeperBefore(storeGiving(lastChange => (lastChange < 2 ? snapshotOf(-1) : null)))
  await later.keeper.open()
  expect(later.credentials.held('default')).toMatchObject({ active: { version: 2 }, standby: null })
})

test('rows that were damaged are not used, and are when they are well again', async () => {
  let isDamaged = true
  const { keeper, credentials, failures } = keeperBefore(
    storeGiving(lastChange => {
      if (isDamaged) throw domainError('credentials_damaged', 'not what was stored')
      return lastChange < 2 ? snapshotOf(60_000) : null
    })
  )
  await keeper.open()
  expect(credentials.areSealed).toBe(true)
  isDamaged = false
  await keeper.poll()
  expect(credentials.areSealed).toBe(false)
  isDamaged = true
  await keeper.poll()
  expect(credentials.areSealed).toBe(true)
  isDamaged = false
  await keeper.poll()
  expect(credentials.held('default').active?.material.use(key => key)).toBe(active)
  expect(failures()).toHaveLength(2)
})

test('a version whose reference gives this process nothing leaves the one before in use', async () => {
  const elsewhere = { ...sealedVersion(2, active), source: 'env:ELSEWHERE', wrapped_key: null, sealed: null }
  const versions = [sealedVersion(1, before), elsewhere]
  const { keeper, credentials, failures } = keeperBefore(
    storeGiving(lastChange => (lastChange < 2 ? snapshotOf(60_000, versions) : null))
  )
  await keeper.open()
  expect(credentials.held('default')).toMatchObject({ active: { version: 1 }, standby: null })
  expect(failures()).toContainEqual(['credential.unreadable', 'env:ELSEWHERE is not set'])

  const overdue = keeperBefore(storeGiving(lastChange => (lastChange < 2 ? snapshotOf(-1, versions) : null)))
  await overdue.keeper.open()
  expect(overdue.credentials.areSealed).toBe(true)
})

test('a credential that was removed is held for a moment, and then zeroed', async () => {
  let isRemoved = false
  const { keeper, credentials } = keeperBefore(
    storeGiving(lastChange => {
      if (!isRemoved) return lastChange < 2 ? snapshotOf(60_000) : null
      if (lastChange > 2) return null
      const { records, ...rest } = snapshotOf(60_000, [])
      const [record] = records.credentials
      const removed = record && { ...record, removed_at: new Date().toISOString(), standby: null }
      return { ...rest, lastChange: 3, records: { credentials: removed ? [removed] : [], versions: [] } }
    })
  )
  await keeper.open()
  const { active: held } = credentials.held('default')
  isRemoved = true
  await keeper.refresh()
  expect(keeper.views(new Date())).toEqual([])
  expect(credentials.held('default').active).toBe(held)
  await eventually('it is dropped', () => credentials.held('default').active === null)
  expect(held?.material.use(key => key)).not.toContain('bd_')
  expect(credentials.names()).toEqual([])
})
