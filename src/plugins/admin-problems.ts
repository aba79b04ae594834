import { Type } from '@sinclair/typebox'
import fp from 'fastify-plugin'
import { problemTable } from '../problem-table.ts'
import { Failure, type ProblemCode } from '../problems.ts'
import { ProblemSchema, problemResponses } from '../schema.ts'
import { type RefusalCode, refusalCodeOf, refusalTable } from '../tenants/refusal.ts'

/** Tells refusals of the domains, which only administrators meet, in the one envelope, each with its own code. */
export const adminProblems = fp(
  async function adminProblems(scope) {
    // What is thrown here goes on to the envelope.
    scope.setErrorHandler(function tellRefusal(error) {
      throw toFailure(error)
    })
  },
  { name: 'admin-problems', dependencies: ['problem-envelope'] }
)

function toFailure(error: unknown): unknown {
  const code = refusalCodeOf(error)
  if (code === undefined) return error
  const kind = { ...refusalTable[code], retryable: false }
  return new Failure<RefusalCode>(code, kind, sentence((error as Error).message), { cause: error })
}

/** The command line tells a detail behind its own name; an envelope holds a sentence. */
function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** Those of the public table that an administrator can meet. */
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

const described = {
  ...Object.fromEntries(publicCodes.map(code => [code, problemTable[code]])),
  ...Object.fromEntries(
    Object.entries(refusalTable).map(([code, { status, title }]) => [code, { status, detail: `${title}.` }])
  )
}

/** The envelope with the codes of the admin listener. */
export const AdminProblemSchema = Type.Object(
  {
    ...ProblemSchema.properties,
    code: Type.Unsafe<string>({ type: 'string', enum: Object.keys(described) })
  },
  { additionalProperties: false, $id: 'Problem', title: 'Problem' }
)

/** Response schemas of every status that an admin route can fail with. */
export const adminFailures = problemResponses(described)
