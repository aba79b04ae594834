import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import { runHere } from '../../support/cli/command-here.ts'
import { test } from '../../support/fixtures/test.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'
import { eventually } from '../../support/scenario/wait.ts'

const mib = 1024 * 1024

// Without a limit a log keeps the size that it once had: a long reader during a burst cost its disk for good.
test('the log of the store that grew behind a reader shrinks once it is copied, and the gateway takes that for what it is', async ({
  startGateway
}) => {
  const gateway = await startGateway()
  const path = join(gateway.folder, 'gateway.db')
  const logSize = () => statSync(`${path}-wal`).size
  const sync = async () => {
    const [answer] = await rawRequest(
      gateway.port,
      syncBytes({ key: gateway.key, connectorId: gateway.connectors.sharepoint })
    )
    return answer?.status
  }
  const reader = new DatabaseSync(path, { readOnly: true })
  reader.exec('BEGIN; SELECT count(*) FROM ledger_batch')
  const { raw } = gateway.store
  raw.exec('CREATE TABLE ballast (bytes BLOB)')
  for (let written = 0; written < 24; written++) raw.exec(`INSERT INTO ballast VALUES (zeroblob(${mib}))`)
  expect(await sync()).toBe(200)
  expect(logSize()).toBeGreaterThan(24 * mib)
  reader.close()

  const shrunk = async () => {
    expect(await sync()).toBe(200)
    return logSize() <= 16 * mib
  }
  await eventually('the log is within its limit', shrunk)
  for (let calls = 0; calls < 5; calls++) expect(await sync()).toBe(200)
  expect(gateway.logged()).not.toContain('ledger.fault')
  await gateway.stop()
  const env = {
    GATEWAY_STORE_URL: `sqlite:${path}`,
    GATEWAY_MASTER_KEY: `file:${join(gateway.folder, 'master.key')}`
  }
  expect(await runHere(['ledger', 'verify'], { env, folder: gateway.folder })).toMatchObject({
    code: 0,
    stderr: ''
  })
})
