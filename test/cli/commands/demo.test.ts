import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect } from 'vitest'
import { test } from '../../support/fixtures/test.ts'
import { eventually } from '../../support/scenario/wait.ts'

type Printed = {
  url: string
  key: string
  key_id: string
  connector_id: string
  curl: string
  config: string
}

test('the demo answers its own curl line, follows commands while it runs, and leaves nothing behind', async ({
  cli
}) => {
  const demo = cli.start(['demo', '--port', '0', '--json'])
  const exited = once(demo, 'exit')
  try {
    const [line] = (await once(createInterface(demo.stdout), 'line')) as [string]
    const printed = JSON.parse(line) as Printed
    const answer = await send(printed.curl)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ connector_id: printed.connector_id, status: 'accepted' })

    const revoked = await cli.run(['key', 'revoke', printed.key_id, '--config', printed.config])
    expect(revoked).toMatchObject({ code: 0, stderr: '' })
    // The limit of the demo's tenant may be used up before the revocation is seen.
    const refused = eventually('the key is revoked', async () => {
      const { status } = await send(printed.curl)
      return status !== 200 && status !== 429 && status
    })
    expect(await refused).toBe(401)
  } finally {
    demo.kill('SIGINT')
  }
  expect(await exited).toEqual([0, null])
  expect(readdirSync(cli.folder).filter(name => name.includes('demo'))).toEqual([])
})

/** Sends what a curl line would. */
function send(curl: string): Promise<Response> {
  const [url = ''] = /http:\S+/.exec(curl) ?? []
  const quoted = [...curl.matchAll(/-([Hd]) '([^']+)'/g)]
  const headers = quoted
    .filter(([, option]) => option === 'H')
    .map(([, , header = '']) => header.split(': ') as [string, string])
  const body = quoted.find(([, option]) => option === 'd')?.[2] ?? ''
  return fetch(url, { method: 'POST', headers, body })
}
