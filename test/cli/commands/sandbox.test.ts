import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { commandLine } from '../../support/cli/command-line.ts'

type Started = {
  origin: string
  key: string
  connectors: { connector_id: string; type: string }[]
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'the sandbox answers with the printed key until %s, then exits 0',
  async signal => {
    const child = commandLine().start(['sandbox', '--port', '0', '--seed', '7', '--json'])
    try {
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
      const { origin, key, connectors } = JSON.parse(line) as Started
      const research = connectors.find(connector => connector.type === 'investment_research')
      const answer = await fetch(`${origin}/contents/v1/connectors/${research?.connector_id}/sync`, {
        method: 'POST',
        headers: { 'x-api-key': key, 'content-type': 'application/json' },
        body: JSON.stringify({ date_limit: '2026-01-01' })
      })
      expect(answer.status).toBe(200)
    } finally {
      child.kill(signal)
    }
    expect(await once(child, 'exit')).toEqual([0, null])
  }
)

test('a sandbox whose port is taken exits 2 with one line', async () => {
  const gateway = commandLine()
  const child = gateway.start(['sandbox', '--port', '0', '--json'])
  try {
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    const { port } = new URL((JSON.parse(line) as Started).origin)
    const failed = await gateway.run(['sandbox', '--port', port])
    expect(failed).toMatchObject({ code: 2, stdout: '' })
    expect(failed.stderr).toMatch(/^connector-gateway: cannot listen: [^\n]*EADDRINUSE[^\n]*\n$/)
  } finally {
    child.kill('SIGKILL')
  }
})
