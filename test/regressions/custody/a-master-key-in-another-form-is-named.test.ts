import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writtenForm } from '../../../src/custody/secrets/written-form.ts'
import { commandLine } from '../../support/cli/command-line.ts'
import { startTestGateway } from '../../support/fixtures/test-gateway.ts'

const secret = 'bd_v2_canary_7Qm2xXo8pLs4vRt6'
const forms: readonly (readonly [string, string])[] = [
  [`"${secret}"`, 'is in quotes: give it without them'],
  [`'${secret}'`, 'is in quotes: give it without them'],
  [`BIGDATA_API_KEY=${secret}`, 'is written as NAME=value: give the value alone'],
  [`export BIGDATA_API_KEY="${secret}"`, 'is written as NAME=value: give the value alone'],
  [`Bearer ${secret}`, 'has the word Bearer before it: give the key alone'],
  [`X-API-KEY: ${secret}`, 'is written as a header: give its value alone'],
  [`{"key":"${secret}"}`, 'is written as JSON: give the value alone']
]

describe('an upstream key in another form is rejected by a message that names the form, never the key:', () => {
  test.each(forms)('%s', async (written, told) => {
    const gateway = commandLine()
    const sentence = `env:BIGDATA_API_KEY gives no key: the key ${told}`
    const checked = await gateway.run(['check'], { BIGDATA_API_KEY: written })
    expect(checked).toMatchObject({ code: 2, stdout: '' })
    expect(checked.stderr).toBe(`connector-gateway: GATEWAY_UPSTREAM_KEY: ${sentence}\n`)
    const added = await gateway.run(['credential', 'add', 'other', '--from', 'env:OTHER'], {
      OTHER: written
    })
    expect(added).toMatchObject({ code: 2, stderr: `connector-gateway: the key ${told}\n` })
    expect(checked.stderr + added.stderr).not.toContain('canary')
  })

  test('by serve too', async () => {
    const [[written, told]] = forms as [(typeof forms)[number]]
    const started = startTestGateway({ env: { TEST_UPSTREAM_KEY: written } })
    await expect(started).rejects.toThrow(`env:TEST_UPSTREAM_KEY gives no key: the key ${told}`)
  })

  test.each([secret, `${secret}==`, 'abc=', '\ufeffx'])('%j is none of these', text => {
    expect(writtenForm(Buffer.from(text))).toBeNull()
  })
})

describe('a master key in quotes', () => {
  const quoted = `"${'k'.repeat(44)}"`

  test('is refused for a new store, and so is one of credential rewrap', async () => {
    const gateway = commandLine()
    writeFileSync(join(gateway.folder, 'quoted.key'), quoted, { mode: 0o600 })
    const told = 'file:quoted.key gives no master key: it is in quotes: give it without them'
    const env = { GATEWAY_MASTER_KEY: 'file:quoted.key', BIGDATA_API_KEY: secret }
    const checked = await gateway.run(['check'], env)
    expect(checked.stderr).toBe(`connector-gateway: GATEWAY_MASTER_KEY: ${told} (environment)\n`)
    await gateway.json('tenant', 'create', 'acme')
    const issued = await gateway.run(['key', 'issue', 'acme'], env)
    expect(issued).toMatchObject({ code: 2, stderr: `connector-gateway: ${told}\n` })
    await gateway.json('key', 'issue', 'acme')
    const wrapped = await gateway.run(['credential', 'rewrap', '--to', 'file:quoted.key'])
    expect(wrapped).toMatchObject({ code: 2, stderr: `connector-gateway: ${told}\n` })
  })

  test('is named as the likely reason when it does not fit the store', async () => {
    const gateway = commandLine()
    await gateway.json('tenant', 'create', 'acme')
    await gateway.json('key', 'issue', 'acme')
    writeFileSync(join(gateway.folder, 'quoted.key'), quoted, { mode: 0o600 })
    const checked = await gateway.run(['check'], {
      GATEWAY_MASTER_KEY: 'file:quoted.key',
      BIGDATA_API_KEY: secret
    })
    expect(checked.stderr).toBe(
      'connector-gateway: GATEWAY_MASTER_KEY: the store was made with another master key: give that one as ' +
        'GATEWAY_MASTER_KEY; the one that is given is in quotes: give it without them (environment)\n'
    )
  })
})
