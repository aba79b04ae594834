import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import { pendingEntry } from '../../../src/ledger/entry/pending-entry.ts'
import { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import { openStoreFile } from '../../../src/store/sqlite/store-file.ts'
import { attach, noStrace } from '../../support/disk/strace.ts'
import { callEntry, requestId } from '../../support/fixtures/sample-ledger.ts'
import { test } from '../../support/fixtures/test.ts'
import { ScenarioClient } from '../../support/scenario/client.ts'
import { Scenario } from '../../support/scenario/scenario.ts'
import { eventually } from '../../support/scenario/wait.ts'

test.skipIf(noStrace)(
  'an outcome whose sync fails is not returned, though the log holds it when it is reopened',
  async () => {
    const scenario = await Scenario.start()
    const { key } = await scenario.addTenant('acme')
    const { process, port } = await scenario.startGateway()
    const client = new ScenarioClient(port)
    const ready = async () => {
      const call = { method: 'GET', path: '/readyz', key, connectorId: '', body: '' }
      return await client.send(call)
    }
    expect((await client.send(scenario.nextSync(key))).status).toBe(200)
    scenario.sandbox.faults.add({ fault: 'delay-before-headers', options: { wait_ms: 700 } })
    const underWay = new ScenarioClient(port).send(scenario.nextSync(key))
    await eventually('the call is sent', async () => scenario.sandbox.requests().length === 2)
    const inject = 'inject=fdatasync,fsync:error=EIO'
    const tracer = await attach(process.pid, '-e', 'trace=fdatasync,fsync', '-e', inject)
    const { status, body } = await underWay
    expect({ status, ...JSON.parse(body) }).toMatchObject({ status: 503, code: 'ledger_unavailable' })
    expect((await ready()).status).toBe(503)
    await tracer.detach()
    await eventually('it is well again', async () => (await ready()).status === 200)
    client.close()
    process.signal('SIGTERM')
    expect(await process.exited).toMatchObject({ code: 0 })
    const outcomes = scenario.ledger.entries().filter(({ kind }) => kind === 'call.outcome')
    expect(outcomes.map(({ code }) => code)).toEqual(['accepted', 'accepted'])
    await scenario.close()
  }
)

test('entries that are taken over from a log whose sync had failed are in the file itself', async ({
  folder
}) => {
  let store = await openStoreFile(`sqlite:${join(folder, 'gateway.db')}`)
  const failing = {
    ...store,
    requireInPlace() {
      if (store.raw.prepare('SELECT count(*) AS n FROM ledger_batch').get()?.['n'] !== 3) return
      store.raw.exec('COMMIT')
      throw new Error('the sync failed')
    }
  }
  const facts = { role: 'gateway', version: '0.0.0', pid: 1 } as const
  const writer = LedgerWriter.open(failing, facts, new Date())
  // Keeps the log from going with the last connection.
  const reader = new DatabaseSync(store.path, { readOnly: true })
  reader.prepare('SELECT 1 FROM meta').all()
  writer.append([pendingEntry(callEntry('call.intent', 1))], 0)
  const outcome = pendingEntry(callEntry('call.outcome', 1))
  expect(() => writer.append([outcome], 0)).toThrow('the sync failed')
  store = store.reopen()
  writer.resume(store)
  expect(writer.append([outcome], 0)).toEqual([])
  copyFileSync(store.path, join(folder, 'copy.db'))
  const copy = new DatabaseSync(join(folder, 'copy.db'))
  const found = copy.prepare('SELECT kind FROM ledger WHERE request_id = ? ORDER BY id').all(requestId(1))
  expect(found.map(({ kind }) => kind)).toEqual(['call.intent', 'call.outcome'])
  for (const one of [copy, reader, store]) one.close()
})
