import { Type } from '@sinclair/typebox'
import { problemCodes } from './problem.ts'

/** Objects take the members they declare and no others: a misspelt member is an error, never ignored. */
export const strict = { additionalProperties: false } as const

/** The form of a tenant's name, and of a credential's, as a pattern and in words. */
export const nameForm = '^[a-z0-9][a-z0-9._-]{0,62}$'
export const nameInWords = '1 to 63 characters of a-z, 0-9, ".", "_" and "-", the first a letter or digit'

/** The query of a route that takes none: what is given there by mistake must not be dropped in silence. */
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

/**
 * A day that exists in the calendar, `YYYY-MM-DD`, years 0001 to 9999.
 * The pattern keeps out year 0000 and non-ASCII digits, the format keeps out days such as 2026-02-30.
 */
export const CalendarDate = Type.String({
  pattern: '^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}$',
  format: 'date',
  description: 'a calendar date, YYYY-MM-DD',
  examples: ['2026-01-01']
})

/** The problem envelope as a schema (RFC 9457 members first). `problem-table.ts` holds what each code means. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ examples: ['/problems/connector_not_found'] }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String(),
    code: Type.Unsafe<string>({ type: 'string', enum: problemCodes }),
    action: Type.String({
      description: 'What to do about it: the same sentence wherever the code is sent.'
    }),
    request_id: Type.String({
      description: 'Also in the X-Request-Id header. Quote it when you ask for help.'
    }),
    retryable: Type.Boolean({
      description: 'True when the same request may succeed if sent again and cannot start a second sync.'
    }),
    forwarded: Type.Unsafe<string>({
      type: 'string',
      enum: ['no', 'yes', 'unknown'],
      description:
        'no: nothing was sent upstream; yes: it answered; unknown: bytes were sent and no answer came.'
    }),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
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
      )
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
 * How a route of tenants is described to be asked, by one scheme: clients made from a description with several send a
 * credential for each. The others are taken all the same.
 */
export const tenantSecurity = {
  bearer: [{ bearer: [] }],
  apiKey: [{ apiKey: [] }]
} satisfies Record<string, Record<string, string[]>[]>

/** Headers that every answer carries. */
export const answerHeaders = {
  'X-Request-Id': { type: 'string', description: 'The id of this request, also in the log and the ledger.' }
} as const

/** Headers of answers that no cache may keep: all failures, and all of the admin API. */
export const noStoreHeaders = { 'Cache-Control': { type: 'string', description: 'no-store' } } as const

/** Headers of documents that are the same for everybody. */
export const documentHeaders = {
  ...answerHeaders,
  ETag: { type: 'string', description: 'To be sent as If-None-Match: 304 for the same document.' },
  'Cache-Control': { type: 'string', description: 'no-cache' },
  Vary: { type: 'string', description: 'The request headers by which the form was chosen.' },
  'Content-Encoding': { type: 'string', description: 'gzip, for those who take it.' },
  'X-Content-Type-Options': { type: 'string', description: 'nosniff' },
  'Referrer-Policy': { type: 'string', description: 'no-referrer' }
} as const

/** Headers that tell a tenant where its limit stands. */
export const limitHeaders = {
  'RateLimit-Policy': {
    type: 'string',
    description: 'q requests in w seconds.',
    example: '"tenant";q=60;w=60'
  },
  RateLimit: {
    type: 'string',
    description: 'r requests now, full again in t seconds.',
    example: '"tenant";r=9;t=1'
  }
} as const
