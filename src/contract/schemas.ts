import { type Static, Type } from '@sinclair/typebox'
import { problemTable } from './problem-table.ts'

/** No members but those declared: a misspelt one is an error, never ignored. */
export const strict = { additionalProperties: false } as const

/** One of a few words. */
export function OneOf<const Word extends string>(
  words: readonly Word[],
  description = `one of ${words.join(', ')}`
) {
  return Type.Unsafe<Word>({ type: 'string', enum: [...words], description })
}

/** The form of a tenant's name, and of a credential's, as a pattern and in words. */
export const nameForm = '^[a-z0-9][a-z0-9._-]{0,62}$'
export const nameInWords = '1 to 63 characters of a-z, 0-9, ".", "_" and "-", the first a letter or digit'

/** The query of a route that takes none: one given by mistake must not be ignored in silence. */
export const noQuery = Type.Object({}, strict)

const uuid = '^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$'
const uuidPattern = new RegExp(uuid)

/** Whether a text is a connector's id, in any case. */
export function isConnectorId(text: string): boolean {
  return uuidPattern.test(text)
}

/** A connector's id: any UUID, in any case. It goes upstream, and into the ledger, in lower case. */
export const ConnectorId = Type.String({
  pattern: uuid,
  description: 'a UUID, in any case',
  examples: ['019b76da-a800-7371-bf3c-a5acb5ac0e04']
})

/** A day of the calendar. The pattern excludes year 0000 and non-ASCII digits, the format days such as 2026-02-30. */
export const CalendarDate = Type.String({
  pattern: '^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}$',
  format: 'date',
  description: 'a calendar date, YYYY-MM-DD',
  examples: ['2026-01-01']
})

export const FieldErrorSchema = Type.Object(
  {
    pointer: Type.String({
      description:
        'A JSON pointer: "" is the whole body and "/name" a member of it; "/params/…", "/query/…" and "/headers/…" are the rest of the request.',
      examples: ['/date_limit', '/query/limit']
    }),
    detail: Type.String()
  },
  strict
)

/** The problem envelope (RFC 9457 members first). `problem-table.ts` says what each code means. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ examples: ['/problems/connector_not_found'] }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String(),
    code: Type.Unsafe<string>({ type: 'string', enum: Object.keys(problemTable) }),
    action: Type.String({
      description: 'What to do about it: the same sentence wherever the code is sent.'
    }),
    request_id: Type.String({
      description: 'Also in the X-Request-Id header. Quote it when you ask for help.'
    }),
    retryable: Type.Boolean({
      description: 'True when the same request may succeed if sent again and cannot start a second sync.'
    }),
    forwarded: OneOf(
      ['no', 'yes', 'unknown'],
      'no: nothing was sent upstream; yes: it answered; unknown: bytes were sent and no answer came.'
    ),
    errors: Type.Optional(
      Type.Unsafe<readonly Static<typeof FieldErrorSchema>[]>(Type.Array(FieldErrorSchema))
    ),
    retry_after: Type.Optional(Type.Integer({ minimum: 0, description: 'Whole seconds, rounded up.' })),
    upstream: Type.Optional(
      Type.Object(
        {
          status: Type.Integer(),
          code: Type.Optional(Type.String()),
          request_id: Type.Optional(Type.String())
        },
        strict
      )
    )
  },
  { ...strict, $id: 'Problem', title: 'Problem' }
)

/**
 * The one scheme that the description of a tenant's route names: clients generated from several would send a credential for each.
 * The gateway accepts the others as well.
 */
export const tenantSecurity = {
  bearer: [{ bearer: [] }],
  apiKey: [{ apiKey: [] }]
} satisfies Record<string, Record<string, string[]>[]>

/** Describes a header. */
const text = (description: string) => ({ type: 'string', description }) as const

/** Headers that every answer carries. */
export const answerHeaders = {
  'X-Request-Id': text('The id of this request, also in the log and the ledger.')
} as const

/** Headers of answers that no cache may keep: all failures, and all of the admin API. */
export const noStoreHeaders = { 'Cache-Control': text('no-store') } as const

/** Headers of static documents. */
export const documentHeaders = {
  ...answerHeaders,
  ETag: text('Send it as If-None-Match: the answer is 304 while the document is the same.'),
  'Cache-Control': text('no-cache'),
  Vary: text('The request headers by which the form was chosen.'),
  'Content-Encoding': text('gzip, where the client accepts it.'),
  'X-Content-Type-Options': text('nosniff'),
  'Referrer-Policy': text('no-referrer')
} as const

/** Headers about the state of a tenant's limit. */
export const limitHeaders = {
  'RateLimit-Policy': { ...text('q requests in w seconds.'), example: '"tenant";q=60;w=60' },
  RateLimit: { ...text('r requests now, full again in t seconds.'), example: '"tenant";r=9;t=1' }
} as const
