import { type ClientAnswer, header, jsonObject, requestIdOf, type Violation } from './histories.ts'

/**
 * The contract's codes and statuses, written out again from `design.md` and not taken from the product; without those that
 * nothing produces yet, which no answer may carry.
 */
const statusOfCode: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries({
    400: 'request_malformed request_invalid request_refused',
    401: 'credentials_invalid',
    403: 'permission_denied',
    404: 'connector_not_found route_not_found',
    405: 'method_not_allowed',
    408: 'request_timeout',
    413: 'payload_too_large',
    414: 'uri_too_long',
    415: 'media_type_unsupported',
    429: 'rate_limited',
    431: 'headers_too_large',
    500: 'internal_error',
    502: 'upstream_credential_rejected upstream_refused upstream_failed upstream_answer_invalid upstream_unreachable',
    503: 'upstream_busy ledger_unavailable store_unavailable overloaded shutting_down sealed',
    504: 'upstream_timeout'
  }).flatMap(([status, codes]) => codes.split(' ').map(code => [code, Number(status)]))
)

const headersOfCode: Readonly<Record<string, string>> = {
  credentials_invalid: 'www-authenticate',
  method_not_allowed: 'allow',
  rate_limited: 'retry-after',
  upstream_busy: 'retry-after'
}

type Rule = (value: unknown) => boolean
type Shape = Readonly<Record<string, Rule>>

const isText: Rule = value => typeof value === 'string' && value !== ''
const isTexts: Rule = value => Array.isArray(value) && value.length > 0 && value.every(isText)
const isStatus: Rule = value =>
  Number.isInteger(value) && (value as number) >= 100 && (value as number) < 1000
const isSeconds: Rule = value => Number.isInteger(value) && (value as number) >= 0
const isUuid: Rule = value => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(String(value))
const isDate: Rule = value => /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(String(value))

const problemMembers: Shape = {
  type: isText,
  title: isText,
  status: isStatus,
  detail: isText,
  code: value => typeof value === 'string' && Object.hasOwn(statusOfCode, value),
  action: isText,
  request_id: isText,
  retryable: value => typeof value === 'boolean',
  forwarded: value => ['no', 'yes', 'unknown'].includes(String(value))
}
const fieldErrorMembers: Shape = { pointer: value => typeof value === 'string', detail: isText }
const optionalProblemMembers: Shape = {
  errors: value =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(error => misshapen(error, fieldErrorMembers) === null),
  retry_after: isSeconds,
  upstream: value => misshapen(value, { status: isStatus }, { code: isText, request_id: isText }) === null
}

/** The documented success bodies, by path. */
const successes: readonly { path: RegExp; required: Shape; optional?: Shape }[] = [
  {
    path: /^(\/contents\/v1)?\/connectors\/[^/]+\/sync$/,
    required: { connector_id: isUuid, status: isText },
    optional: { date_limit: isDate }
  },
  { path: /^\/livez$/, required: { status: isText } },
  { path: /^\/readyz$/, required: { status: isText }, optional: { degraded: isTexts } }
]

/** I6: the answer is a documented success body or a problem. `isDocumented` judges successes of further routes. */
export function checkAnswer(
  answer: ClientAnswer,
  isDocumented: (answer: ClientAnswer) => boolean
): Violation[] {
  const { status, error } = answer
  if (status === undefined || error !== undefined) return []
  const fault = status >= 200 && status < 300 ? successFault(answer, isDocumented) : problemFault(answer)
  if (fault === null) return []
  const requestId = requestIdOf(answer)
  return [{ invariant: 'I6', detail: `${status}: ${fault}`, ...(requestId !== undefined && { requestId }) }]
}

function successFault(answer: ClientAnswer, isDocumented: (answer: ClientAnswer) => boolean): string | null {
  const path = answer.path ?? `/connectors/${answer.connectorId}/sync`
  const success = successes.find(one => one.path.test(path.replace(/\?.*$/, '')))
  if (!success) return isDocumented(answer) ? null : `no success body is documented for ${path}`
  if (answer.status !== 200) return 'a success is 200'
  const type = header(answer.headers, 'content-type') ?? ''
  if (!/^application\/json(; charset=utf-8)?$/.test(type)) return `its content type is ${type}`
  if (!header(answer.headers, 'x-request-id')) return 'it has no x-request-id'
  return misshapen(jsonObject(answer.body), success.required, success.optional)
}

function problemFault(answer: ClientAnswer): string | null {
  const { headers, status, body } = answer
  const problem = jsonObject(body)
  const shape = misshapen(problem, problemMembers, optionalProblemMembers)
  if (problem === null || shape !== null) return shape
  const code = String(problem['code'])
  const wantedHeader = headersOfCode[code]
  const retryAfter = header(headers, 'retry-after')
  const rules: readonly (readonly [broken: boolean, fault: string])[] = [
    [
      header(headers, 'content-type') !== 'application/problem+json',
      'its content type is not application/problem+json'
    ],
    [problem['status'] !== status, 'its status is not that of the status line'],
    [statusOfCode[code] !== status, `${code} has another status`],
    [problem['type'] !== `/problems/${code}`, 'its type is not that of its code'],
    [problem['request_id'] !== header(headers, 'x-request-id'), 'its request_id is not that of the header'],
    [wantedHeader !== undefined && !header(headers, wantedHeader), `it lacks the header ${wantedHeader}`],
    [
      (problem['retry_after'] === undefined) !== (retryAfter === undefined),
      'retry_after is only in one of body and headers'
    ],
    [
      retryAfter !== undefined && retryAfter !== String(problem['retry_after']),
      'retry_after differs in body and headers'
    ],
    [
      problem['forwarded'] === 'unknown' && problem['retryable'] !== false,
      'a call of unknown fate is called retryable'
    ]
  ]
  return rules.find(([broken]) => broken)?.[1] ?? null
}

function misshapen(value: unknown, required: Shape, optional: Shape = {}): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is no JSON object'
  const object = value as Record<string, unknown>
  for (const [name, rule] of Object.entries(required))
    if (!rule(object[name])) return `the member ${name} is wrong`
  for (const [name, member] of Object.entries(object)) {
    if (Object.hasOwn(required, name)) continue
    if (!Object.hasOwn(optional, name)) return `the member ${name} is not documented`
    if (!optional[name]?.(member)) return `the member ${name} is wrong`
  }
  return null
}
