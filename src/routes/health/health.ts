import { type Static, Type } from '@sinclair/typebox'
import { Problem } from '../../contract/problem.ts'
import { examplesOf, ofAnyRequest, problemResponses } from '../../contract/problem-responses.ts'
import { answerHeaders } from '../../contract/schemas.ts'
import type { Route, Scope } from '../../plugins/scope.ts'

const Healthy = Type.Object(
  { status: Type.Literal('ok') },
  { description: 'The process is healthy.', headers: answerHeaders }
)

const state = <Name extends string>(name: Name, description: string) => Type.Literal(name, { description })

/** What needs an operator although calls are forwarded. Names alone, as anybody may ask. */
const Degradation = Type.Union([
  state('credential_refused', 'The upstream refused a key of ours the last time it was used.'),
  state('breaker_open', 'The upstream keeps refusing a key of ours: no calls are sent with it for a while.'),
  state('credential_sealed', 'A credential has no key that can be opened.'),
  state('credential_not_followed', 'A reference gives no key; the previous key is used.'),
  state(
    'store_unreadable',
    'Changes of tenants, keys or credentials cannot be read; their last known state is served.'
  ),
  state('ledger_incomplete', 'Acknowledged entries are missing from the ledger.'),
  state('log_lines_lost', 'Lines of the log cannot be written now, or were lost within the last minute.'),
  state(
    'issuer_keys_unavailable',
    'The keys of a token issuer cannot be fetched; the last known ones are trusted for a day.'
  ),
  state('certificate_expired', 'The certificate of the public listener has expired.'),
  state('certificate_not_followed', 'The TLS files cannot be used; the previous certificate is served.')
])
export type Degradation = Static<typeof Degradation>

const Ready = Type.Union(
  [
    Type.Object({ status: Type.Literal('ok') }),
    Type.Object({ status: Type.Literal('degraded'), degraded: Type.Array(Degradation, { minItems: 1 }) })
  ],
  {
    description: 'Calls are forwarded. `degraded` lists what an operator should look at.',
    headers: answerHeaders
  }
)

/** What `/readyz` may fail with. Without Retry-After: a prober has its own rhythm. */
const unready = [
  ...examplesOf([...ofAnyRequest, 'internal_error']),
  new Problem('ledger_unavailable', { detail: 'Another process has locked the store.' }),
  new Problem('sealed', { detail: 'No upstream credential can be opened; the log says which and why.' }),
  new Problem('shutting_down')
]

export type HealthDependencies = {
  /** Why this process should get no calls now, or null when it should. */
  unreadiness: () => Problem | null
  /** What needs an operator although calls are forwarded; nothing by default. */
  degradations?: () => readonly Degradation[]
}

/** GET /livez: the process answers. GET /readyz: calls are forwarded, with what is degraded; otherwise the problem says why. */
export const health: Route<HealthDependencies> = (scope, { unreadiness, degradations = () => [] }) => {
  const live = { 200: Healthy, ...problemResponses(examplesOf(ofAnyRequest)) }
  addProbe(scope, 'livez', 'Whether the process answers', live, function livez() {
    return { status: 'ok' }
  })

  const ready = { 200: Ready, ...problemResponses(unready) }
  addProbe(scope, 'readyz', 'Whether calls are forwarded', ready, function readyz() {
    const problem = unreadiness()
    if (problem) throw problem
    const degraded = degradations()
    return degraded.length === 0 ? { status: 'ok' } : { status: 'degraded', degraded }
  })
}

type Answers = Readonly<Record<number, { readonly description?: string; readonly headers?: object }>>

/** A GET route, and a HEAD route with the same statuses and headers. */
function addProbe(
  scope: Scope,
  name: string,
  summary: string,
  response: Answers,
  answer: () => object
): void {
  const schema = { operationId: name, summary, tags: ['health'] }
  const bodiless = Object.entries(response).map(([status, { description, headers }]) => [
    status,
    { type: 'null', description, headers }
  ])
  scope.get(`/${name}`, { config: { health: true }, schema: { ...schema, response } }, answer)
  scope.head(
    `/${name}`,
    {
      config: { health: true, swagger: { exposeHeadRoute: true } },
      schema: {
        ...schema,
        summary: `${summary}, by the status alone`,
        response: Object.fromEntries(bodiless)
      }
    },
    answer
  )
}
