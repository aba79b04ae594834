import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { inspectStore } from '../../../src/store/sqlite/inspect-store.ts'
import { openStore } from '../../../src/store/store.ts'

let folder: string
let url: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gateway-look-'))
  url = `sqlite:${join(folder, 'gateway.db')}`
})
afterEach(() => rmSync(folder, { recursive: true }))

test('an inspected store is stale once another process has opened it', async () => {
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
