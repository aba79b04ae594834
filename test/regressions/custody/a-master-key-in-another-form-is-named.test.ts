import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { writtenForm } from '../../../src/custody/secrets/written-form.ts'
import { test } from '../../support/fixtures/test.ts'
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
  test.for(forms)('%s', async ([written, advice], { cli }) => {
    const sentence = `env:BIGDATA_API_KEY gives no key: the key ${advice}`
    const checked = await cli.run(['check'], { BIGDATA_API_KEY: written })
    expect(checked).toMatchObject({ code: 2, stdout: '' })
    expect(checked.stderr).toBe(`connector-gateway: GATEWAY_UPSTREAM_KEY: ${sentence}\n`)
    const added = await cli.run(['credential', 'add', 'other', '--from', 'env:OTHER'], {
      OTHER: written
    })
    expect(added).toMatchObject({ code: 2, stderr: `connector-gateway: the key ${advice}\n` })
    expect(checked.stderr + added.stderr).not.toContain('canary')
  })

  test('by serve too', async () => {
    const [[written, advice]] = forms as [(typeof forms)[number]]
    const started = startTestGateway({ env: { TEST_UPSTREAM_KEY: written } })
    await expect(started).rejects.toThrow(`env:TEST_UPSTREAM_KEY gives no key: the key ${advice}`)
  })

  test.each([secret, `${secret}==`, 'abc=', '\ufeffx'])('%j is none of these', text => {
    expect(writtenForm(Buffer.from(text))).toBeNull()
  })
})

describe('a master key in quotes', () => {
  const quoted = `"${'k'.repeat(44)}"`

  test('is refused for a new store, and so is one of credential rewrap', async ({ cli }) => {
    writeFileSync(join(cli.folder, 'quoted.key'), quoted, { mode: 0o600 })
    const advice = 'file:quoted.key gives no master key: it is in quotes: give it without them'
    const env = { GATEWAY_MASTER_KEY: 'file:quoted.key', BIGDATA_API_KEY: secret }
    const checked = await cli.run(['check'], env)
    expect(checked.stderr).toBe(`connector-gateway: GATEWAY_MASTER_KEY: ${advice} (environment)\n`)
    await cli.json('tenant', 'create', 'acme')
    const issued = await cli.run(['key', 'issue', 'acme'], env)
    expect(issued).toMatchObject({ code: 2, stderr: `connector-gateway: ${advice}\n` })
    await cli.json('key', 'issue', 'acme')
    const wrapped = await cli.run(['credential', 'rewrap', '--to', 'file:quoted.key'])
    expect(wrapped).toMatchObject({ code: 2, stderr: `connector-gateway: ${advice}\n` })
  })

  test('is named as the likely reason when it does not fit the store', async ({ cli }) => {
    await cli.json('tenant', 'create', 'acme')
    await cli.json('key', 'issue', 'acme')
    writeFileSync(join(cli.folder, 'quoted.key'), quoted, { mode: 0o600 })
    const checked = await cli.run(['check'], {
      GATEWAY_MASTER_KEY: 'file:quoted.key',
      BIGDATA_API_KEY: secret
    })
    expect(checked.stderr).toBe(
      'connector-gateway: GATEWAY_MASTER_KEY: the store was made with another master key: give that one as ' +
        'GATEWAY_MASTER_KEY; the one that is given is in quotes: give it without them (environment)\n'
    )
  })
})
