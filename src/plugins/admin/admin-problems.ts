import { Type } from '@sinclair/typebox'
import fp from 'fastify-plugin'
import type { OperationKind } from '../../admin/operations/operation.ts'
import { titleOf } from '../../contract/error-table.ts'
import { Failure, type FieldError, Problem, type ProblemCode } from '../../contract/problem.ts'
import {
  examplesOf,
  ofAnyRequest,
  type ProblemResponses,
  problemResponses
} from '../../contract/problem-responses.ts'
import { isRefusal, type RefusalCode, refusalTable } from '../../contract/refusal-table.ts'
import { ProblemSchema } from '../../contract/schemas.ts'
import { roleNotEnough } from './admin-auth.ts'

/** Renders refusals of the domains, which only administrators meet, as the problem envelope, each with its own code. */
export const adminProblems = fp(
  async function adminProblems(scope) {
    scope.setErrorHandler(function convertRefusal(error) {
      throw isRefusal(error) ? failureOf(error.code, error.message, error) : error
    })
  },
  { name: 'admin-problems', dependencies: ['problem-envelope'] }
)

/** The command line prints the text behind its own name; the envelope needs a sentence. */
function failureOf(code: RefusalCode, text: string, cause?: unknown): Failure<RefusalCode> {
  const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
  return new Failure(code, { ...refusalTable[code], title: titleOf(code), retryable: false }, sentence, {
    cause
  })
}

/** Codes of the public table that an administrator can meet. */
const publicCodes = [
  'request_malformed',
  'request_invalid',
  'credentials_invalid',
  'permission_denied',
  'route_not_found',
  'method_not_allowed',
  'request_timeout',
  'payload_too_large',
  'uri_too_long',
  'media_type_unsupported',
  'rate_limited',
  'headers_too_large',
  'internal_error',
  'ledger_unavailable',
  'overloaded',
  'sealed',
  'shutting_down',
  'store_unavailable'
] as const satisfies readonly ProblemCode[]

/** Refusals over HTTP, each with an example of its detail. All others come from the command line alone. */
const refusals = {
  address_range_invalid: 'an address range is written as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32',
  credential_name_invalid: 'a credential can be named once only',
  expiry_invalid: 'a key must expire in the future',
  cursor_invalid: 'the cursor is not one that a list gave',
  tenant_not_found: 'there is no tenant with this name',
  key_not_found: 'there is no key with this id; see key list',
  credential_not_found: 'there is no credential with this name',
  request_not_found:
    'the ledger knows no such request: not an id that the gateway issues (a UUID of version 7, which contains the time of the request)',
  tenant_exists: 'tenant acme exists already',
  key_revoked: 'key abcdefghijklmnop is revoked: issue a new one',
  key_expired: 'key abcdefghijklmnop has expired: issue a new one',
  key_replaced:
    'key abcdefghijklmnop was rotated before and ends at 2026-01-02T00:00:00.000Z: rotate qrstuvwxyz234567, which took its place',
  grant_covered:
    'tenant acme reaches every connector through *, also this one: nothing is changed; grant the connectors that it is to keep, then remove *',
  credential_in_use:
    'tenant acme uses this credential: give it others first (tenant update acme --credentials)'
} as const satisfies Partial<Record<RefusalCode, string>>

export type HttpRefusal = keyof typeof refusals

/** The envelope with the codes of the admin listener. */
export const AdminProblemSchema = Type.Object(
  {
    ...ProblemSchema.properties,
    code: Type.Unsafe<string>({ type: 'string', enum: [...publicCodes, ...Object.keys(refusals)] })
  },
  { additionalProperties: false, $id: 'Problem', title: 'Problem' }
)

/** How a route can fail, beside the failures of all admin routes. */
type RouteFailures = {
  /** Commands are for operators alone. */
  readonly kind?: OperationKind
  /** An example of what may be wrong with a request; by default a query where none is taken. */
  readonly fault?: FieldError
  readonly problems?: readonly ProblemCode[]
  readonly refusals?: readonly HttpRefusal[]
}

/** Response schemas for every failure status of an admin route. */
export function adminFailures({
  kind,
  fault = noQueryTaken,
  problems = [],
  refusals: own = []
}: RouteFailures): ProblemResponses {
  return problemResponses([
    ...examplesOf(ofAnyRequest),
    new Problem('request_invalid', { errors: [fault] }),
    new Problem('credentials_invalid'),
    new Problem('rate_limited', { detail: 'The limit "unauthenticated" is used up.', retryAfter: 1 }),
    ...examplesOf(['sealed', 'shutting_down', ...problems]),
    ...(kind ? ofKind[kind] : []),
    ...own.map(code => failureOf(code, refusals[code]))
  ])
}

const noQueryTaken: FieldError = { pointer: '/query', detail: 'must be empty' }

/** What a request for each kind of operation may fail with. */
const ofKind: Readonly<Record<OperationKind, readonly Failure[]>> = {
  memory: examplesOf(['internal_error']),
  query: examplesOf(['internal_error', 'overloaded', 'store_unavailable']),
  command: [
    new Problem('permission_denied', { detail: roleNotEnough }),
    ...examplesOf(['internal_error', 'overloaded']),
    new Problem('store_unavailable', {
      detail:
        'The file of the store has been removed or replaced: put it back, or restart the gateway to use the one that is there now. Nothing was changed.',
      retryAfter: 1
    })
  ]
}
