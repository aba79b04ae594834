import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyState } from '../../../src/admin/desired-state/apply.ts'
import { planState } from '../../../src/admin/desired-state/plan.ts'
import { readState } from '../../../src/cli/input/state-file.ts'
import { stateDocument, writeState } from '../../../src/cli/output/write-state.ts'
import type { CredentialRows } from '../../../src/custody/manage/credential-rows.ts'
import { readStates } from '../../../src/tenants/tenant-state.ts'
import { temporaryStore } from '../../support/fixtures/temporary-store.ts'
import { propertySeed } from '../../support/scenario/seed.ts'

const seed = propertySeed()

/** Names that YAML would take for something else, if it were let. */
const names = fc.oneof(
  fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,62}$/),
  fc.constantFrom('007', '1e3', 'null', 'true', 'no', 'y', '0x1f', '1.0', 'constructor', '2026-01-01', '0o7')
)
const members = fc.record(
  {
    disabled: fc.boolean(),
    rate_per_minute: fc.integer({ min: 1, max: 1_000_000_000 }),
    burst: fc.integer({ min: 1, max: 1_000_000_000 }),
    operations: fc.uniqueArray(fc.constantFrom('read', 'sync')),
    addresses: fc.uniqueArray(fc.oneof(fc.ipV4(), fc.ipV6()), { minLength: 1, maxLength: 4 }),
    credentials: fc.uniqueArray(names, { minLength: 1, maxLength: 3 }),
    connectors: fc.array(fc.oneof(fc.uuid(), fc.constant('*')), { maxLength: 4 })
  },
  { requiredKeys: [] }
)
const sources = fc.oneof(
  fc.constant('sealed'),
  fc.stringMatching(/^(env|file):[ -~é]{1,20}$/),
  fc.stringMatching(/^exec:[a-z/]{1,8}( [ -~]{0,12})?$/)
)
const states = fc.record({
  tenants: fc.dictionary(names, members, { maxKeys: 6 }),
  sources: fc.dictionary(names, sources, { maxKeys: 4 })
})

/** Rows of credentials as the store would hold them. */
function recordsOf(given: Readonly<Record<string, string>>): CredentialRows {
  const created_at = '2026-01-01T00:00:00.000Z'
  const common = { created_at, removed_at: null, latest: 1, active: 1, standby: null, standby_until: null }
  const keys = { version: 1, created_at, fingerprint: 'f', wrapped_key: null, sealed: null }
  return {
    credentials: Object.keys(given).map(name => ({ ...common, name, follows_setting: 0 })),
    versions: Object.entries(given).map(([credential, source]) => ({ ...keys, credential, source }))
  }
}

test(`applying an export changes nothing, whatever the state (seed ${seed})`, async () => {
  await fc.assert(
    fc.asyncProperty(states, async ({ tenants, sources }) => {
      const { store, administration } = await temporaryStore()
      const credentials = recordsOf(sources)
      const desired = readState('drawn', JSON.stringify({ tenants }))
      const nothing = { keys: null, expected: [], versions: new Map() }
      await applyState(administration, { desired, prune: false, ...nothing })
      const current = { tenants: await readStates(store.db), credentials }
      expect(current.tenants.size).toBe(Object.keys(tenants).length)

      const text = writeState(stateDocument(current.tenants, credentials))
      const plan = planState(current, readState('exported', text), true)
      expect({ tenants: plan.tenants, credentials: plan.credentials }).toEqual({
        tenants: [],
        credentials: []
      })
      expect(plan.summary.unchanged).toBe(current.tenants.size + Object.keys(sources).length)
      // Through the store too: what a second apply writes is nothing.
      const before = store.raw.prepare('SELECT total_changes() AS n').get()
      const again = { ...readState('exported', text), credentials: null }
      await applyState(administration, { desired: again, prune: true, ...nothing })
      expect(store.raw.prepare('SELECT total_changes() AS n').get()).toEqual(before)
      // And the exported text is the same each time.
      expect(writeState(stateDocument(await readStates(store.db), credentials))).toBe(text)
    }),
    { seed, numRuns: 40 }
  )
})

test('an export has neither the words of a command nor removed credentials nor the one of a setting', () => {
  const { credentials, versions } = recordsOf({ a: 'exec:vault read -token=s3cret', b: 'env:B', c: 'sealed' })
  const [a, b, c] = credentials
  if (!a || !b || !c) throw new Error('three were given')
  const records = {
    credentials: [a, { ...b, follows_setting: 1 }, { ...c, removed_at: '2026-01-02T00:00:00.000Z' }],
    versions
  }
  const text = writeState(stateDocument(new Map(), records))
  expect(
    text
  ).toBe(`# Tenants and credentials of connector-gateway. connector-gateway apply -f FILE makes them so.
tenants: {}
credentials:
  a:
    from: exec:vault …
`)
})
