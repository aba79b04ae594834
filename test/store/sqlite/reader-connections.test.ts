import { setImmediate as turn } from 'node:timers/promises'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { afterEach, expect, test } from 'vitest'
import { ReaderConnections, RevocableConnection } from '../../../src/store/sqlite/reader-connections.ts'

const ports: MessagePort[] = []
afterEach(() => {
  for (const port of ports.splice(0)) port.close()
})

/** A reader whose connections are counted, and the port of it that the writer gets. */
function reader() {
  const { port1, port2 } = new MessageChannel()
  ports.push(port1, port2)
  const seen = { opened: 0, open: 0 }
  const connection = new RevocableConnection(port1, () => {
    seen.opened++
    seen.open++
    return { raw: { close: () => void seen.open-- } }
  })
  return { connection, seen, port: port2 }
}

/** As long as messages between ports take, and some more. */
async function aWhile(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await turn()
}

test('a reader opens the store only after the writer has admitted it', async () => {
  const { connection, seen, port } = reader()
  const used = connection.use(() => 'read')
  await aWhile()
  expect(seen.opened).toBe(0)
  new ReaderConnections().add(port)
  expect(await used).toBe('read')
  expect(seen).toEqual({ opened: 1, open: 1 })
})

test('no reader has the store open while the writer opens it again, and each may afterwards', async () => {
  const others = new ReaderConnections()
  const readers = [reader(), reader()]
  for (const { port } of readers) others.add(port)
  for (const { connection } of readers) await connection.use(() => {})
  const open = () => readers.map(({ seen }) => seen.open)
  expect(open()).toEqual([1, 1])
  expect(await others.without(open)).toEqual([0, 0])
  for (const { connection } of readers) await connection.use(() => {})
  expect(open()).toEqual([1, 1])
})

test('the writer waits for a read under way, and later reads wait for the writer', async () => {
  const others = new ReaderConnections()
  const { connection, seen, port } = reader()
  others.add(port)
  const reading = Promise.withResolvers<void>()
  const first = connection.use(() => reading.promise)
  await aWhile()
  const opening = others.without(() => seen.open)
  await aWhile()
  const second = connection.use(() => seen.opened)
  await aWhile()
  expect(seen.open).toBe(1)
  reading.resolve()
  await first
  expect(await opening).toBe(0)
  expect(await second).toBe(2)
})

test('readers go on when the writer could not open the store', async () => {
  const others = new ReaderConnections()
  const { connection, port } = reader()
  others.add(port)
  const failing = others.without(() => {
    throw new Error('still gone')
  })
  await expect(failing).rejects.toThrow('still gone')
  expect(await connection.use(() => 'read')).toBe('read')
})

test('the writer does not wait for a reader whose thread has ended', async () => {
  const others = new ReaderConnections()
  const { port } = reader()
  others.add(port)
  const [readersSide] = ports
  const opening = others.without(() => 'open')
  readersSide?.close()
  expect(await opening).toBe('open')
  expect(await others.without(() => 'again')).toBe('again')
})
