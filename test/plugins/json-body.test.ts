import { describe, expect, test } from 'vitest'
import { parseStrictJson } from '../../src/plugins/json-body.ts'
import { gatewayForFile } from '../support/fixtures/gateway-for-file.ts'
import { expectRefusal, marker } from '../support/http/expect-refusal.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { type RequestParts, syncBytes } from '../support/http/request-bytes.ts'

const file = gatewayForFile()
const call = () => ({ key: file.gateway.key, connectorId: file.gateway.connectors.investment_research })

describe('a body that is not JSON in UTF-8 is malformed:', () => {
  test.each([
    ['cut short', `{"date_limit":"${marker}`],
    ['a comma too many', '{"date_limit":"2026-01-01",}'],
    ['single quotes', `{'date_limit':'${marker}'}`],
    ['names without quotes', '{date_limit:"2026-01-01"}'],
    ['a comment', `{}/*${marker}*/`],
    ['text behind it', `{} ${marker}`],
    ['two of them', '{}{}'],
    ['a NUL behind it', '{}\0'],
    ['NaN', '{"date_limit":NaN}'],
    ['a leading zero', '{"date_limit":01}'],
    ['a raw line end in a string', '{"date_limit":"2026-01-01\n"}'],
    ['a wrong escape', '{"date_limit":"\\x41"}'],
    ['10,000 levels that never end', '['.repeat(10_000)],
    ['a byte-order mark', '\ufeff{}'],
    ['a form', `date_limit=${marker}`]
  ])('%s', async (_what, body) => {
    await expectRefusal(file.gateway, syncBytes(call(), { body }), 'request_malformed')
  })

  test.each([
    ['a byte that begins nothing', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['a cut sequence', Buffer.from([0x7b, 0x22, 0xe2, 0x82, 0x22, 0x3a, 0x31, 0x7d])],
    ['an overlong quote', Buffer.from([0x7b, 0xc0, 0xa2, 0x7d])],
    ['a surrogate half', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['UTF-16', Buffer.from('{}', 'utf16le')],
    ['UTF-16 with a mark', Buffer.from('\ufeff{}', 'utf16le')]
  ])('%s', async (_what, body) => {
    await expectRefusal(file.gateway, syncBytes(call(), { body }), 'request_malformed')
  })
})

describe('a body that begins with a byte-order mark is refused with a detail that names it:', () => {
  test.each([
    [
      'UTF-8',
      Buffer.from('\ufeff{}'),
      'The body begins with a byte-order mark: send JSON in UTF-8 without one.'
    ],
    [
      'nothing behind it',
      Buffer.from('\ufeff'),
      'The body begins with a byte-order mark: send JSON in UTF-8 without one.'
    ],
    [
      'UTF-16, little-endian',
      Buffer.from('\ufeff{}', 'utf16le'),
      'The body is in UTF-16: send JSON in UTF-8.'
    ],
    [
      'UTF-16, big-endian',
      Buffer.from('\ufeff{}', 'utf16le').swap16(),
      'The body is in UTF-16: send JSON in UTF-8.'
    ]
  ])('%s', async (_what, body, sentence) => {
    const { detail } = await expectRefusal(file.gateway, syncBytes(call(), { body }), 'request_malformed')
    expect(detail).toBe(sentence)
  })
})

describe('a body that names a member twice is malformed:', () => {
  test.each([
    ['plainly', '{"date_limit":"2026-01-01","date_limit":"2026-01-01"}'],
    ['once in escapes', '{"date_limit":"2026-01-01","date\\u005flimit":"2026-01-02"}'],
    ['an unknown one', `{"${marker}":1,"${marker}":2}`],
    ['further down', '{"a":[{"b":1,"b":2}]}'],
    ['__proto__', '{"__proto__":1,"__proto__":2}'],
    ['with an index for a name', '{"0":1,"0":2}']
  ])('%s', async (_what, body) => {
    await expectRefusal(file.gateway, syncBytes(call(), { body }), 'request_malformed')
  })

  test('and one that only looks so is not', () => {
    for (const text of [
      '{"a":"\\"a\\":","b":1}',
      '{"a":{"a":{"a":1}}}',
      '[{"a":1},{"a":2}]',
      '{"a\\\\":1,"a":2}',
      '{"a" : 1 , "b" : "x:y"}',
      '{"":1,"a":":"}'
    ])
      expect(parseStrictJson(Buffer.from(text))).toEqual(JSON.parse(text))
  })
})

describe('a body that is not an object is invalid:', () => {
  test.each(['[]', '[{}]', 'null', 'true', '1', '-0', `"${marker}"`, '"{}"'])('%s', async body => {
    const { errors } = await expectRefusal(file.gateway, syncBytes(call(), { body }), 'request_invalid', {
      errors: [{ pointer: '', detail: expect.stringMatching(/^must be a JSON object: /) }]
    })
    expect(errors).toHaveLength(1)
  })

  test('10,000 characters of brackets', async () => {
    const body = `${'['.repeat(8000)}${']'.repeat(8000)}`
    await expectRefusal(file.gateway, syncBytes(call(), { body }), 'request_invalid', {
      errors: [{ pointer: '', detail: expect.any(String) }]
    })
  })
})

describe('an unknown member is invalid, and its name is not repeated:', () => {
  test.each([
    ['alone', `{"${marker}":1}`],
    ['beside a known one', `{"date_limit":"2026-01-01","${marker}":1}`],
    ['in other case', '{"DATE_LIMIT":"2026-01-01"}'],
    ['with a space', '{"date_limit ":"2026-01-01"}'],
    ['empty', '{"":1}'],
    ['10,000 characters long', `{"${'k'.repeat(10_000)}":1}`],
    ['__proto__', '{"__proto__":{"date_limit":"2026-01-01"}}'],
    ['constructor', '{"constructor":{"prototype":{"date_limit":"2026-01-01"}}}'],
    ['a lone surrogate', '{"\\ud800":1}'],
    ['2,000 levels deep', `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`]
  ])('%s', async (_what, body) => {
    await expectRefusal(file.gateway, syncBytes(call(), { body }), 'request_invalid', {
      errors: [{ pointer: '', detail: 'may hold only: date_limit' }]
    })
  })
})

describe('the media type', () => {
  test.each([
    'text/plain',
    'application/jsonx',
    'application/json-patch+json',
    'application/problem+json',
    'application/json;charset=latin1',
    'application/json; charset=utf-16',
    'application/json; charset=utf-8; charset=latin1',
    'application/json; charset=',
    'application/json; version=1',
    'application/json charset=utf-8',
    'application/json; charset=utf-8; charset=utf-8',
    'application/json; charset=utf88',
    'application/json; charset="utf-8',
    'application/json, text/plain',
    'application/json x',
    'application /json',
    'application/*',
    '*/*',
    'json',
    `text/${marker}`,
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=a',
    ''
  ])('%j is not taken', async type => {
    const headers = ['Host: gateway', `Content-Type: ${type}`]
    await expectRefusal(file.gateway, syncBytes(call(), { headers }), 'media_type_unsupported')
  })

  test.each([
    ['charset=latin1', 'JSON is accepted in UTF-8 only: leave the charset out, or send charset=utf-8.'],
    ['charset=utf-16', 'JSON is accepted in UTF-8 only: leave the charset out, or send charset=utf-8.'],
    [`version=${marker}`, 'The media type application/json takes no parameter but charset=utf-8.'],
    [
      `charset=utf-8; profile=${marker}`,
      'The media type application/json takes no parameter but charset=utf-8.'
    ]
  ])('is refused for its parameter %s, in a sentence that says so', async (parameter, sentence) => {
    const headers = ['Host: gateway', `Content-Type: application/json; ${parameter}`]
    const { detail } = await expectRefusal(
      file.gateway,
      syncBytes(call(), { headers }),
      'media_type_unsupported'
    )
    expect(detail).toBe(sentence)
  })

  test('none is not taken', async () => {
    await expectRefusal(
      file.gateway,
      syncBytes(call(), { headers: ['Host: gateway'] }),
      'media_type_unsupported'
    )
  })

  test.each([
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'application/json; charset="utf-8"',
    'application/json\t;\tcharset=utf-8',
    'application/json; charset=utf8',
    'application/json;charset="UTF8"',
    'application/json;',
    'application/json; ',
    'application/json;;',
    'application/json; charset=utf-8;',
    'application/json; ; charset=utf-8 ; ',
    'application/json\t'
  ])('%j is taken', async type => {
    const headers = ['Host: gateway', `Content-Type: ${type}`]
    const body = '{"date_limit":"2026-01-01"}'
    const [answer] = await rawRequest(file.gateway.port, syncBytes(call(), { headers, body }))
    expect(answer?.status).toBe(200)
  })
})

describe('an empty body is called empty, even where a connector takes no date and needs {}:', () => {
  test.each<[string, RequestParts]>([
    ['no body at all', { headers: ['Host: gateway'], body: '', framing: null }],
    ['none, of a media type', { body: '', framing: null }],
    ['of length 0', { body: '' }],
    ['of no chunk', { body: '0\r\n\r\n', framing: 'Transfer-Encoding: chunked' }],
    ['white space', { body: ' \r\n\t' }]
  ])('%s', async (_what, parts) => {
    const { detail } = await expectRefusal(file.gateway, syncBytes(call(), parts), 'request_invalid', {
      errors: [{ pointer: '', detail: expect.stringMatching(/^must be a JSON object: \{\} for /) }]
    })
    expect(detail).toBe('The body is empty.')
  })

  test('null is not called empty', async () => {
    const { detail } = await expectRefusal(
      file.gateway,
      syncBytes(call(), { body: 'null' }),
      'request_invalid',
      { errors: [{ pointer: '', detail: expect.stringMatching(/^must be a JSON object: /) }] }
    )
    expect(detail).not.toContain('empty')
  })
})
