import { Type } from '@sinclair/typebox'
import type { Problem } from '../problems.ts'
import { answerHeaders, openProblems, type Route } from '../schema.ts'

const Healthy = Type.Object(
  { status: Type.Literal('ok') },
  { description: 'It is so.', headers: answerHeaders }
)

export type HealthDependencies = {
  /** Why this process should get no calls now, or null when it should. */
  unreadiness: () => Problem | null
}

/** GET /livez: the process answers. GET /readyz: calls would be forwarded; when not, the problem says why. */
export const health: Route<HealthDependencies> = (scope, { unreadiness }) => {
  const schema = { tags: ['health'], response: { 200: Healthy, 503: openProblems[503] } }

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
      schema: { operationId: 'readyz', summary: 'Whether calls are forwarded', ...schema }
    },
    function readyz() {
      const problem = unreadiness()
      if (problem) throw problem
      return { status: 'ok' as const }
    }
  )
}
