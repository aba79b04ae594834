import { describe, expect, test } from 'vitest'
import { normalName, normalSubject } from '../../../src/base/distinguished-name.ts'
import { readState } from '../../../src/cli/input/state-file.ts'
import { parseJwks } from '../../../src/identity/jwt/parse-jwks.ts'
import { subjectAltUris } from '../../../src/identity/mtls/subject-alt-names.ts'
import { parseStrictJson } from '../../../src/plugins/json-body.ts'
import { presentedKey } from '../../../src/plugins/tenant-auth.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { classify } from '../../../src/upstream/outcome.ts'
import { retryAfterSeconds } from '../../../src/upstream/transport/headers.ts'
import { isLinear } from '../../support/linear.ts'

const logger = createLogger('info', { write: () => {} })
const headers = { contentType: '', contentEncoding: '', retryAfter: '', requestId: '' }

/** What reads text that others wrote, beside the search for keys. */
const readers: Record<string, (text: string) => unknown> = {
  'the name of a certificate’s subject': text => normalName(`CN=a${text}b`),
  'the name of a subject, most specific part last': text => normalSubject(`O=a${text}\nCN=b`),
  'alternative names': text => subjectAltUris(`URI:a${text}, URI:"${text}`),
  'a body in strict JSON': text => parseStrictJson(Buffer.from(JSON.stringify({ [text]: text, b: [text] }))),
  'an error in the log': text => logger.error({ err: new Error(text) }, 'failed'),
  'the key in a header': text => presentedKey({ headers: { authorization: `Bearer ${text} x` } }),
  'the wait in a header': text => retryAfterSeconds(text, 0),
  'the type of an answer': text => {
    const answer = { kind: 'answer', status: 200, body: '', leaksKey: false, upstreamMs: 0 } as const
    const typed = { ...headers, contentType: `application/json${text}x` }
    return classify({ ...answer, headers: typed }, () => null, { containsKeyPart: () => 0 })
  },
  'the ids of an answer': text => {
    const body = JSON.stringify({ errorCode: text, requestId: text })
    return classify(
      { kind: 'answer', status: 500, headers, body, leaksKey: false, upstreamMs: 0 },
      () => null,
      { containsKeyPart: () => 0 }
    )
  },
  'a set of public keys': text => refused(() => parseJwks(`{"keys":[{"kty":${JSON.stringify(text)}}]`))
}

/** Most of it is nothing that could be read: what counts is how long it takes to say so. */
function refused(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    return error
  }
}

const fillings = [
  ' ',
  '\t',
  '\\',
  '"',
  '\\"',
  ',',
  '=',
  '+',
  '%',
  '&#',
  '\\u00',
  ':',
  ';',
  '.',
  'a',
  '0',
  '[',
  'bd_',
  '", "'
]

describe.each(Object.entries(readers))('%s is read in time in proportion to its length', (_reader, read) => {
  test.each(fillings)('when it is full of %j', filling => {
    expect(isLinear(Buffer.alloc(32 * 1024, filling), part => read(part.toString('latin1')))).toBe(true)
  })
})

test.each(['"', '&a '])(
  'a file of state that is one long line full of %j is refused in such time too',
  filling => {
    const read = (part: Buffer) => refused(() => readState('state.yaml', part.toString('latin1')))
    expect(isLinear(Buffer.alloc(96 * 1024, filling), read, 3)).toBe(true)
  }
)
