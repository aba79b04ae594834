import { createSecretKey, randomBytes } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { domainError } from '../../src/contract/error-table.ts'
import { CredentialPool } from '../../src/custody/credential-pool.ts'
import {
  CredentialReconciler,
  type CredentialReconcilerOptions
} from '../../src/custody/credential-reconciler.ts'
import type { CredentialSnapshot } from '../../src/custody/credential-snapshot.ts'
import { encrypt } from '../../src/custody/crypto/envelope.ts'
import { fingerprintOf } from '../../src/custody/key-material.ts'
import type { VersionRow } from '../../src/custody/manage/credential-rows.ts'
import { fingerprintKey } from '../support/fixtures/held-credentials.ts'
import { recordEvents } from '../support/fixtures/recorded-events.ts'
import { eventually } from '../support/scenario/wait.ts'

const wrapping = createSecretKey(randomBytes(32))
const [before, active] = ['bd_v2_canary_of_the_keeper_1', 'bd_v2_canary_of_the_keeper_2']

function sealedVersion(version: number, key: string): VersionRow {
  const { wrappedKey, ciphertext } = encrypt(Buffer.from(key), `default@${version}`, wrapping)
  const fingerprint = fingerprintOf(Buffer.from(key), fingerprintKey)
  const created_at = '2026-01-01T00:00:00.000Z'
  return {
    credential: 'default',
    version,
    created_at,
    source: 'sealed',
    fingerprint,
    wrapped_key: wrappedKey,
    sealed: ciphertext
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

const reconcilers: CredentialReconciler[] = []
afterEach(async () => {
  for (const reconciler of reconcilers.splice(0)) await reconciler.close()
})

/** A reconciler over a store that the test plays. */
function reconcilerOf(store: CredentialReconcilerOptions['store']) {
  const { events, recorded } = recordEvents()
  const credentials = new CredentialPool({ events, persistRevert: () => {} })
  const reconciler = new CredentialReconciler({
    credentials,
    store,
    sources: { env: {}, commands: {} },
    setting: { reference: 'env:NOT_USED', mayBeMissing: true },
    execRefreshMs: 1000,
    events,
    reportsCommand: false
  })
  reconcilers.push(reconciler)
  const failures = () => recorded.flatMap(([name, { err }]) => (err ? [[name, (err as Error).message]] : []))
  return { reconciler, credentials, failures }
}

/** Answers `credentials` as a store does: null when nothing has changed. */
function storeGiving(
  give: (lastChange: number) => CredentialSnapshot | null
): CredentialReconcilerOptions['store'] {
  return { call: async (_job: string, payload: unknown) => give(payload as number) as never }
}

test('the key before is zeroed when its grace period is over, and not opened again', async () => {
  const { reconciler, credentials } = reconcilerOf(
    storeGiving(lastChange => (lastChange < 2 ? snapshotOf(400) : null))
  )
  await reconciler.open()
  const { standby } = credentials.held('default')
  expect(standby?.material.use(key => key)).toBe(before)
  await eventually('it is dropped', () => credentials.held('default').standby === null)
  expect(standby?.material.use(key => key)).not.toContain('bd_')
  expect(credentials.held('default').active?.version).toBe(2)

  const later = reconcilerOf(storeGiving(lastChange => (lastChange < 2 ? snapshotOf(-1) : null)))
  await later.reconciler.open()
  expect(later.credentials.held('default')).toMatchObject({ active: { version: 2 }, standby: null })
})

test('damaged rows are not used until they are sound again', async () => {
  let isDamaged = true
  const { reconciler, credentials, failures } = reconcilerOf(
    storeGiving(lastChange => {
      if (isDamaged) throw domainError('credentials_damaged', 'not what was stored')
      return lastChange < 2 ? snapshotOf(60_000) : null
    })
  )
  await reconciler.open()
  expect(credentials.areUnreadable).toBe(true)
  isDamaged = false
  await reconciler.poll()
  expect(credentials.areUnreadable).toBe(false)
  isDamaged = true
  await reconciler.poll()
  expect(credentials.areUnreadable).toBe(true)
  isDamaged = false
  await reconciler.poll()
  expect(credentials.held('default').active?.material.use(key => key)).toBe(active)
  expect(failures()).toHaveLength(2)
})

test('the version before stays in use when the reference of the active one gives this process no key', async () => {
  const elsewhere = { ...sealedVersion(2, active), source: 'env:ELSEWHERE', wrapped_key: null, sealed: null }
  const versions = [sealedVersion(1, before), elsewhere]
  const { reconciler, credentials, failures } = reconcilerOf(
    storeGiving(lastChange => (lastChange < 2 ? snapshotOf(60_000, versions) : null))
  )
  await reconciler.open()
  expect(credentials.held('default')).toMatchObject({ active: { version: 1 }, standby: null })
  expect(failures()).toContainEqual(['credential.unreadable', 'env:ELSEWHERE is not set'])

  const overdue = reconcilerOf(storeGiving(lastChange => (lastChange < 2 ? snapshotOf(-1, versions) : null)))
  await overdue.reconciler.open()
  expect(overdue.credentials.areUnreadable).toBe(true)
})

test('a removed credential is held for a moment, and then zeroed', async () => {
  let isRemoved = false
  const { reconciler, credentials } = reconcilerOf(
    storeGiving(lastChange => {
      if (!isRemoved) return lastChange < 2 ? snapshotOf(60_000) : null
      if (lastChange > 2) return null
      const { records, ...rest } = snapshotOf(60_000, [])
      const [record] = records.credentials
      const removed = record && { ...record, removed_at: new Date().toISOString(), standby: null }
      return { ...rest, lastChange: 3, records: { credentials: removed ? [removed] : [], versions: [] } }
    })
  )
  await reconciler.open()
  const { active: held } = credentials.held('default')
  isRemoved = true
  await reconciler.refresh()
  expect(reconciler.views(new Date())).toEqual([])
  expect(credentials.held('default').active).toBe(held)
  await eventually('it is dropped', () => credentials.held('default').active === null)
  expect(held?.material.use(key => key)).not.toContain('bd_')
  expect(credentials.names()).toEqual([])
})
