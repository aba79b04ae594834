import { expect, test } from 'vitest'
import { commandLine } from '../../support/cli/command-line.ts'

const one = '019a9612-bfad-758c-884e-37dd8c6ad2cb'
const two = '019a9612-bfad-758c-884e-37dd8c6ad2cc'

test('grants are added and removed by id or *, one or several at a time', async () => {
  const gateway = commandLine()
  await gateway.json('tenant', 'create', 'acme')
  expect(await gateway.json('grant', 'add', 'acme', `${one.toUpperCase()},${two}`, '*')).toEqual({
    tenant: 'acme',
    connectors: [one, two, '*'],
    changed: [one, two, '*']
  })
  expect(await gateway.json('grant', 'add', 'acme', one)).toMatchObject({ changed: [] })
  expect(await gateway.json('grant', 'remove', 'acme', '*', two)).toMatchObject({ changed: ['*', two] })
  expect(await gateway.json('grant', 'remove', 'acme', '*')).toMatchObject({ changed: [] })
  expect(await gateway.json('grant', 'list', 'acme')).toEqual({
    items: [{ tenant: 'acme', connector_id: one, created_at: expect.any(String) }],
    next: null
  })
  expect((await gateway.run(['grant', 'list', 'acme'])).stdout).toMatch(/^CONNECTOR +GRANTED\n019a9612/)
})

test('an invalid connector id is refused with exit 2, an unknown tenant with exit 1', async () => {
  const gateway = commandLine()
  expect(await gateway.run(['grant', 'add', 'nobody', 'all'])).toEqual({
    code: 2,
    stdout: '',
    stderr: 'connector-gateway: a connector id is a UUID, or * for all\n'
  })
  expect(await gateway.run(['grant', 'add', 'nobody', one])).toMatchObject({ code: 1, stdout: '' })
})
