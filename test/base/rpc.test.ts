import { MessageChannel, type Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { DomainError } from '../../src/base/domain-error.ts'
import { RpcClient, serveRpc } from '../../src/base/rpc.ts'

/** What the caller gets of a job that throws this. */
async function thrownAcross(error: unknown): Promise<unknown> {
  const { port1, port2 } = new MessageChannel()
  onTestFinished(() => port1.close())
  const jobs = {
    fail() {
      throw error
    }
  }
  serveRpc(port2, jobs)
  const client = new RpcClient<typeof jobs>(port1 as unknown as Worker)
  return await client.call('fail', undefined).catch(thrown => thrown)
}

test('a domain error arrives from another thread as a domain error, with code, message, cause and stack', async () => {
  const error = new DomainError('tenant_not_found', 'no such tenant', { cause: new Error('why') })
  const thrown = await thrownAcross(error)
  expect(thrown).toBeInstanceOf(DomainError)
  expect(thrown).toMatchObject({
    name: 'DomainError',
    code: 'tenant_not_found',
    message: 'no such tenant',
    cause: { message: 'why' },
    stack: error.stack
  })
})

test('an error of the system keeps its name and code across threads', async () => {
  const error = Object.assign(new Error('it is locked'), { name: 'SqliteError', code: 'ERR_SQLITE_ERROR' })
  const thrown = await thrownAcross(error)
  expect(thrown).not.toBeInstanceOf(DomainError)
  expect(thrown).toMatchObject({ name: 'SqliteError', code: 'ERR_SQLITE_ERROR', message: 'it is locked' })
})
