import { describe, expect, test } from 'vitest'
import { gatewayForFile } from '../../support/fixtures/gateway-for-file.ts'
import { expectRefusal, marker } from '../../support/http/expect-refusal.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes } from '../../support/http/request-bytes.ts'

const file = gatewayForFile()
const id = '019a9612-bfad-758c-884e-37dd8c6ad2cb'

function syncOf(segment: string, prefix = '/connectors'): Buffer {
  return requestBytes({ target: `${prefix}/${segment}/sync`, key: file.gateway.key, body: '{}' })
}

describe.each(['/connectors', '/contents/v1/connectors'])('under %s', prefix => {
  test.each([
    ['no UUID', marker],
    ['nothing', ''],
    ['in braces', `{${id}}`],
    ['in encoded braces', `%7B${id}%7D`],
    ['as a URN', `urn:uuid:${id}`],
    ['of 35 characters', id.slice(1)],
    ['of 37 characters', `${id}0`],
    ['without hyphens', id.replaceAll('-', '')],
    ['with hyphens elsewhere', `0${id.replace('-', '')}-`.slice(0, 36)],
    ['with a letter that is no digit', id.replace('a', 'g')],
    ['with a fullwidth digit', id.replace('0', '%EF%BC%90')],
    ['of 64 characters', 'a'.repeat(64)],
    ['that is a parent folder', '%2e%2e'],
    ['that is this folder', '%2e'],
    ['with an encoded slash', `${id}%2f..`],
    ['with an encoded backslash', `${id}%5c..`],
    ['with an encoded NUL', `${id}%00`],
    ['with an encoded line end', `${id}%0d%0aX-A:%20b`],
    ['with a trailing line end', `${id}%0a`],
    ['with an encoded question mark', `${id}%3fa`],
    ['with an encoded hash', `${id}%23a`],
    ['encoded twice', `%2530${id.slice(1)}`],
    ['with a space', `%20${id}`],
    ['a star', '*']
  ])('an id %s is invalid', async (_what, segment) => {
    await expectRefusal(file.gateway, syncOf(segment, prefix), 'request_invalid', {
      errors: [{ pointer: '/params/id', detail: 'must be a UUID, in any case' }]
    })
  })

  test.each([
    ['an encoding that is none', '%zz'],
    ['an encoding cut short', '%'],
    ['overlong UTF-8', '%c0%ae%c0%ae'],
    ['a byte that is no UTF-8', '%ff']
  ])('%s is malformed', async (_what, segment) => {
    await expectRefusal(file.gateway, syncOf(segment, prefix), 'request_malformed')
  })

  test.each(['a'.repeat(65), 'a'.repeat(6000), `${id}%00${'0'.repeat(60)}`])(
    'an id of more than 64 characters is too long (%#)',
    async segment => {
      await expectRefusal(file.gateway, syncOf(segment, prefix), 'uri_too_long')
    }
  )

  test.each([
    ['a folder up', `../connectors/${id}`],
    ['a folder up, encoded', `%2e%2e/connectors/${id}`],
    ['a slash too many', `/${id}`],
    ['a segment more', `${id}/${id}`],
    ['a path parameter', `${id};a=b/x`]
  ])('%s is no route', async (_what, segment) => {
    await expectRefusal(file.gateway, syncOf(segment, prefix), 'route_not_found')
  })

  test.each([
    ['in upper case', (text: string) => text.toUpperCase()],
    ['in mixed case', (text: string) => text.replace(/[a-c]/g, letter => letter.toUpperCase())],
    ['with an encoded digit', (text: string) => `%3${text[0]}${text.slice(1)}`]
  ])('an id %s goes upstream, into the answer and into the ledger in lower case', async (_what, written) => {
    const connectorId = file.gateway.connectors.sharepoint
    const before = file.gateway.sandbox.requests().at(-1)?.order ?? 0
    const [answer] = await rawRequest(file.gateway.port, syncOf(written(connectorId), prefix))
    expect(JSON.parse(answer?.body ?? '')).toEqual({ connector_id: connectorId, status: 'accepted' })
    expect(file.gateway.sandbox.requests(before).map(({ target }) => target)).toEqual([
      `/contents/v1/connectors/${connectorId}/sync`
    ])
    expect(file.gateway.entries().at(-1)).toMatchObject({ kind: 'call.outcome', connector_id: connectorId })
  })

  test.each(['/', '//', '/x', '.json'])(
    'a path that continues after sync with %s is no route',
    async tail => {
      const target = `${prefix}/${id}/sync${tail}`
      const bytes = requestBytes({ target, key: file.gateway.key, body: '{}' })
      await expectRefusal(file.gateway, bytes, 'route_not_found')
    }
  )
})

test.each([
  '/Connectors',
  '/CONTENTS/v1/connectors',
  '//connectors',
  '/contents//v1/connectors',
  '/contents/v2/connectors'
])('a path in other letters is no route: %s', async prefix => {
  await expectRefusal(file.gateway, syncOf(id, prefix), 'route_not_found')
})
