import { type Static, Type } from '@sinclair/typebox'
import { Problem } from '../../contract/problem.ts'
import { examplesOf, ofAnyRequest, problemResponses } from '../../contract/problem-responses.ts'
import { answerHeaders } from '../../contract/schemas.ts'
import type { Route } from '../../plugins/scope.ts'

const Healthy = Type.Object(
  { status: Type.Literal('ok') },
  { description: 'The process is healthy.', headers: answerHeaders }
)

const state = <Name extends string>(name: Name, description: string) => Type.Literal(name, { description })

/** What is wrong though calls are forwarded: an operator should look. Names of states alone, as anybody may ask. */
const Degradation = Type.Union([
  state('credential_refused', 'The upstream refused a key of ours the last time it was used.'),
  state(
    'breaker_open',
    'The upstream refuses a key of ours again and again: no calls are sent with it for a while.'
  ),
  state('credential_sealed', 'A credential has no key that can be opened.'),
  state('credential_not_followed', 'A reference gives no key; the one that it gave before is used.'),
  state(
    'store_unreadable',
    'Changes of tenants, keys or credentials cannot be read; those known last are served.'
  ),
  state('ledger_incomplete', 'Entries that were acknowledged are missing from the ledger.'),
  state('log_lines_lost', 'Lines of the log cannot be written now, or were lost within the last minute.'),
  state(
    'issuer_keys_unavailable',
    'The keys of an issuer of tokens cannot be had; those known last are believed for a day.'
  ),
  state('certificate_expired', 'The certificate of the public listener has expired.'),
  state('certificate_not_followed', 'The TLS files hold what cannot be served; what they held before is.')
])
export type Degradation = Static<typeof Degradation>

const Ready = Type.Union(
  [
    Type.Object({ status: Type.Literal('ok') }),
    Type.Object({ status: Type.Literal('degraded'), degraded: Type.Array(Degradation, { minItems: 1 }) })
  ],
  {
    description: 'Calls are forwarded. `degraded` lists what an operator should look at meanwhile.',
    headers: answerHeaders
  }
)

/** What `/readyz` may fail with. When to ask again is for whoever asks to know. */
const unready = [
  ...examplesOf([...ofAnyRequest, 'internal_error']),
  new Problem('ledger_unavailable', { detail: 'Another process has locked the store.' }),
  new Problem('sealed', { detail: 'No upstream credential can be opened; the log says which and why.' }),
  new Problem('shutting_down')
]

export type HealthDependencies = {
  /** Why this process should get no calls now, or null when it should. */
  unreadiness: () => Problem | null
  /** What is wrong though calls are forwarded; nothing, unless given. */
  degradations?: () => readonly Degradation[]
}

/**
 * GET /livez: the process answers. GET /readyz: calls would be forwarded, and what is wrong all the same; when not, the
 * problem says why.
 */
export const health: Route<HealthDependencies> = (scope, { unreadiness, degradations = () => [] }) => {
  const tags = ['health']
  const live = { tags, response: { 200: Healthy, ...problemResponses(examplesOf(ofAnyRequest)) } }
  const ready = { tags, response: { 200: Ready, ...problemResponses(unready) } }

  function livez() {
    return { status: 'ok' as const }
  }
  const ofLivez = { operationId: 'livez', summary: 'Whether the process answers', ...live }
  scope.get('/livez', { config: { health: true }, schema: ofLivez }, livez)
  scope.head('/livez', asHead(ofLivez), livez)

  function readyz() {
    const problem = unreadiness()
    if (problem) throw problem
    const degraded = degradations()
    return degraded.length === 0
      ? { status: 'ok' as const }
      : { status: 'degraded' as const, degraded: [...degraded] }
  }
  const ofReadyz = { operationId: 'readyz', summary: 'Whether calls are forwarded', ...ready }
  scope.get('/readyz', { config: { health: true }, schema: ofReadyz }, readyz)
  scope.head('/readyz', asHead(ofReadyz), readyz)
}

type Described = { readonly description?: string; readonly headers?: object }
type GetSchema = {
  readonly summary: string
  readonly response: Readonly<Record<number, Described | undefined>>
}

/** A HEAD route as the GET route of this schema is: the same statuses and headers, and no body. */
function asHead({ summary, response, ...schema }: GetSchema) {
  const bodiless = Object.entries(response).map(([status, answer]) => [
    status,
    { type: 'null', description: answer?.description, headers: answer?.headers }
  ])
  return {
    config: { health: true, swagger: { exposeHeadRoute: true } },
    schema: {
      ...schema,
      summary: `${summary}, told by the status alone`,
      response: Object.fromEntries(bodiless)
    }
  }
}
