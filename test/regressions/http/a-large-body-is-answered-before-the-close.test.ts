import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { folderForFile } from '../../support/fixtures/temporary-folder.ts'
import { startTestApp, type TestApp, testKey, testTenant } from '../../support/fixtures/test-app.ts'

const path = '/connectors/00000000-0000-4000-8000-000000000000/sync'
const pieces = 20
const piece = Buffer.alloc(1_000_000, ' ')
const folder = folderForFile()

let app: TestApp
beforeAll(async () => {
  writeFileSync(folder.pathOf('body'), Buffer.alloc(pieces * piece.length, ' '))
  const tenant = { ...testTenant, burst: 1_000 }
  const authenticate = (key: string) => (key === testKey ? { tenant, keyId: 'testkey' } : null)
  app = await startTestApp({ directory: { authenticate } })
})
afterAll(() => app.close())

type Sent = { readonly key: string; readonly chunked: boolean }

/** Sends all of its body, taking more than a second, before it looks for an answer. The first line of what it got. */
async function sendAllFirst({ key, chunked }: Sent): Promise<string> {
  const socket = connect(app.port, '127.0.0.1').pause()
  let got = ''
  socket.on('data', chunk => {
    got += chunk.toString('latin1')
  })
  const ended = new Promise<string>(resolve => {
    socket.on('error', error => resolve(error.message))
    socket.on('close', () => resolve(got.split('\r\n', 1)[0] ?? ''))
  })
  const send = (bytes: string | Buffer) => new Promise(resolve => socket.write(bytes, resolve))
  const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${pieces * piece.length}`
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: a',
    'Connection: close',
    `Authorization: Bearer ${key}`,
    framing
  ]
  await send(`${[...head, 'Content-Type: application/json'].join('\r\n')}\r\n\r\n`)
  for (let sent = 0; sent < pieces && !socket.destroyed; sent++) {
    if (chunked) await send(`${piece.length.toString(16)}\r\n`)
    await send(piece)
    if (chunked) await send('\r\n')
    await delay(75)
  }
  if (chunked && !socket.destroyed) await send('0\r\n\r\n')
  socket.resume()
  return await ended
}

/** The same by Node's own client, which looks at once. */
function sendByNode({ key, chunked }: Sent): Promise<number | string | undefined> {
  return new Promise(resolve => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const length = chunked ? {} : { 'content-length': pieces * piece.length }
    const to = { port: app.port, host: '127.0.0.1', path, method: 'POST', agent: false as const }
    const sending = request({ ...to, headers: { ...headers, ...length } }, answer => {
      answer.resume().on('end', () => resolve(answer.statusCode))
    })
    sending.on('error', error => resolve(error.message))
    for (let sent = 0; sent < pieces; sent++) sending.write(piece)
    sending.end()
  })
}

// A connection was cut a second behind its answer: whoever was still sending saw a reset, and never the answer.
test.concurrent.each([
  { what: '413 of a known caller, by length', key: testKey, chunked: false, status: '413' },
  { what: '413 of a known caller, in chunks', key: testKey, chunked: true, status: '413' },
  { what: '401 of a stranger, by length', key: 'wrong', chunked: false, status: '401' },
  { what: '401 of a stranger, in chunks', key: 'wrong', chunked: true, status: '401' }
])('20 MB are answered with the $what, to whoever sends all of it first', async ({ status, ...sent }) => {
  expect(await sendAllFirst(sent)).toContain(`HTTP/1.1 ${status} `)
  expect(await sendByNode(sent)).toBe(Number(status))
})

test.each([
  ['waits to be asked', []],
  ['does not wait', ['-H', 'Expect:']],
  ['sends chunks', ['-H', 'Expect:', '-H', 'Transfer-Encoding: chunked']]
])('curl shows 413 for 20 MB when it %s', async (_what, more) => {
  const words = [
    '-sS',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    '--data-binary',
    `@${folder.pathOf('body')}`,
    ...more
  ]
  const headers = ['-H', `Authorization: Bearer ${testKey}`, '-H', 'Content-Type: application/json']
  const printed = await new Promise(resolve =>
    execFile(
      'curl',
      [...words, ...headers, `http://127.0.0.1:${app.port}${path}`],
      (_error, stdout, stderr) => resolve(stdout + stderr)
    )
  )
  expect(printed).toBe('413')
})
