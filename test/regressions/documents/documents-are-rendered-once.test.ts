import { createHook } from 'node:async_hooks'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'vitest'
import { testWithGateway } from '../../support/fixtures/test.ts'
import { issueAdminKeys } from '../../support/http/admin-client.ts'
import { getDocument } from '../../support/http/get-document.ts'

const test = testWithGateway({ prepare: issueAdminKeys })

/** How many operations on files this thread begins while `work` goes on. */
async function fileOperations(work: () => Promise<unknown>): Promise<number> {
  let begun = 0
  const hook = createHook({
    init(_id, type) {
      if (type.startsWith('FSREQ')) begun++
    }
  }).enable()
  try {
    await work()
  } finally {
    hook.disable()
  }
  return begun
}

/** Bytes that this process really uses: what nobody refers to is collected first. */
function usedBytes(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

// One connection that asked for the script and did not read opened a file for each request, until none could be opened.
test.for([
  '/docs',
  '/docs/static/swagger-ui-bundle.js',
  '/docs/static/index.css',
  '/openapi.json',
  '/problems'
])('%s opens no file once it has been asked for', async (path, { gateway }) => {
  const { port } = gateway
  expect((await getDocument(port, path)).status).toBe(200)
  const again = () => Promise.all(Array.from({ length: 5 }, () => getDocument(port, path)))
  // Something else may look at a file meanwhile: a file for each request shows every time.
  const begun = [await fileOperations(again), await fileOperations(again), await fileOperations(again)]
  expect(Math.min(...begun)).toBe(0)
})

// Each answer that waited to be read was a text of its own: seven such connections ended the process.
test.for(['/openapi.json', '/docs/json', '/docs/yaml', '/problems', '/admin/openapi.json'])(
  'answers of %s that nobody reads are one buffer for all of them',
  async (path, { gateway }) => {
    const { port: publicPort, adminPort, prepared } = gateway
    const admin = path.startsWith('/admin')
    const port = admin ? adminPort : publicPort
    const key = admin ? { authorization: `Bearer ${prepared.viewer}` } : {}
    const { body } = await getDocument(port, path, { headers: key })
    const head = Object.entries(key).map(([name, value]) => `${name}: ${value}\r\n`)
    const bytes = `GET ${path} HTTP/1.1\r\nHost: gateway\r\n${head.join('')}\r\n`
    // All of them come by one read of 64 KiB.
    const count = Math.floor(60_000 / bytes.length)
    const before = usedBytes()
    const silent = connect({ port, host: '127.0.0.1' })
    silent.on('error', () => {})
    silent.pause()
    try {
      await once(silent, 'connect')
      silent.write(bytes.repeat(count))
      // Whoever comes after them is answered after they have been dispatched.
      for (let turn = 0; turn < 3; turn++) await getDocument(port, '/livez')
      expect((usedBytes() - before) / count).toBeLessThan(12_000 + body.length / 10)
    } finally {
      silent.destroy()
    }
  }
)
