import { type Static, Type } from '@sinclair/typebox'
import type { Problem } from '../problems.ts'
import { answerHeaders, openProblems, type Route } from '../schema.ts'

const Healthy = Type.Object(
  { status: Type.Literal('ok') },
  { description: 'The process is healthy.', headers: answerHeaders }
)

/** What is wrong though calls are forwarded: an operator should look. */
const Degradation = Type.Union([Type.Literal('ledger_incomplete')])
export type Degradation = Static<typeof Degradation>

const Ready = Type.Union(
  [
    Type.Object({ status: Type.Literal('ok') }),
    Type.Object({ status: Type.Literal('degraded'), degraded: Type.Array(Degradation, { minItems: 1 }) })
  ],
  {
    description:
      'Calls are forwarded. `degraded` lists what an operator should look at meanwhile: `ledger_incomplete` says that entries that were acknowledged are missing from the ledger.',
    headers: answerHeaders
  }
)

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
  const schema = { tags: ['health'], response: { 200: Healthy, 503: openProblems[503] } }
  const readiness = { ...schema, response: { ...schema.response, 200: Ready } }

  scope.get(
    '/livez',
    {
      config: { health: true },
      schema: { operationId: 'livez', summary: 'Whether the process answers', ...schema }
    },
    function livez() {
      return { status: 'ok' as const }
    }
  )

  scope.get(
    '/readyz',
    {
      config: { health: true },
      schema: { operationId: 'readyz', summary: 'Whether calls are forwarded', ...readiness }
    },
    function readyz() {
      const problem = unreadiness()
      if (problem) throw problem
      const degraded = degradations()
      return degraded.length === 0
        ? { status: 'ok' as const }
        : { status: 'degraded' as const, degraded: [...degraded] }
    }
  )
}
