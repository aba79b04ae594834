import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { inspectStore } from '../../../src/store/sqlite/inspect-store.ts'
import { openStore } from '../../../src/store/store.ts'
import { test } from '../../support/fixtures/test.ts'

test('an inspected store is stale once another process has opened it', async ({ folder }) => {
  const url = `sqlite:${join(folder, 'gateway.db')}`
  ;(await openStore(url)).close()
  const seen = inspectStore(url)
  expect(readdirSync(folder)).toEqual(['gateway.db'])
  expect(seen.isStale()).toBe(false)
  const store = await openStore(url)
  expect(seen.isStale()).toBe(true)
  seen.close()
  const again = inspectStore(url)
  expect(again.isStale()).toBe(false)
  again.close()
  store.close()
})
