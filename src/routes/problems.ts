import { type TSchema, Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import { type ProblemKind, problemTable } from '../problem-table.ts'
import { Problem, type ProblemCode, problemCodes } from '../problems.ts'
import { answerHeaders, openProblems, type Route } from '../schema.ts'

const ProblemPage = Type.Object({
  code: Type.String({ examples: ['connector_not_found'] }),
  status: Type.Integer(),
  title: Type.String(),
  detail: Type.String({ description: 'What happened.' }),
  retryable: Type.Boolean(),
  action: Type.String({ description: 'What to do about it.' })
})
type ProblemPage = { code: ProblemCode } & ProblemKind

/** One answer in two forms, by the Accept header. */
function answer(json: TSchema) {
  return {
    description: 'What the codes mean.',
    headers: { ...answerHeaders, Vary: { type: 'string', description: 'accept' } },
    content: { 'application/json': { schema: json }, 'text/html': { schema: Type.String() } }
  }
}

/** GET /problems and /problems/:code: what each code means and what to do. HTML for browsers, JSON otherwise. */
export const problemPages: Route = scope => {
  const tags = ['problems']

  scope.get(
    '/problems',
    {
      schema: {
        operationId: 'listProblems',
        summary: 'Everything that can go wrong',
        tags,
        response: {
          200: answer(Type.Object({ problems: Type.Array(ProblemPage) })),
          503: openProblems[503]
        }
      }
    },
    function listProblems(request, reply) {
      const pages = problemCodes.map(page)
      reply.header('vary', 'accept')
      if (!wantsHtml(request)) return { problems: pages }
      return reply.type('text/html; charset=utf-8').send(document('Problems', pages))
    }
  )

  scope.get(
    '/problems/:code',
    {
      schema: {
        operationId: 'showProblem',
        summary: 'What one problem means and what to do',
        tags,
        params: Type.Object({ code: Type.String({ maxLength: 64 }) }),
        response: { 200: answer(ProblemPage), 404: openProblems[404], 503: openProblems[503] }
      }
    },
    function showProblem(request, reply) {
      const code = problemCodes.find(known => known === request.params.code)
      if (code === undefined)
        throw new Problem('route_not_found', { detail: 'There is no problem with this code.' })
      reply.header('vary', 'accept')
      if (!wantsHtml(request)) return page(code)
      return reply.type('text/html; charset=utf-8').send(document(problemTable[code].title, [page(code)]))
    }
  )
}

function page(code: ProblemCode): ProblemPage {
  return { code, ...problemTable[code] }
}

function wantsHtml(request: FastifyRequest): boolean {
  return /\btext\/html\b/i.test(request.headers.accept ?? '')
}

function document(title: string, pages: readonly ProblemPage[]): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}
code{background:#8882;padding:.1em .3em;border-radius:.2em}section{border-top:1px solid #8886;margin-top:1.5rem}</style>
<h1>${escaped(title)}</h1>${pages.map(section).join('')}</html>`
}

function section({ code, status, title, detail, retryable, action }: ProblemPage): string {
  return `<section id="${code}"><h2>${escaped(title)}</h2>
<p><a href="/problems/${code}"><code>${code}</code></a>, HTTP ${status}, ${retryable ? 'worth a retry' : 'no use retrying as it is'}</p>
<p>${escaped(detail)}</p><p><strong>What to do:</strong> ${escaped(action)}</p></section>`
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, character => entities[character] ?? character)
}
