import { hash } from 'node:crypto'
import { type TSchema, Type } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem, type ProblemCode, problemCodes } from '../contract/problem.ts'
import { examplesOf, ofAnyRequest, problemResponses } from '../contract/problem-responses.ts'
import { type ProblemKind, problemTable } from '../contract/problem-table.ts'
import { documentHeaders } from '../contract/schemas.ts'
import { StaticDocument } from '../plugins/documents/static-document.ts'
import type { Route } from '../plugins/scope.ts'

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
    headers: {
      ...documentHeaders,
      'Content-Security-Policy': { type: 'string', description: 'On the HTML form, which loads nothing.' }
    },
    content: { 'application/json': { schema: json }, 'text/html': { schema: Type.String() } }
  }
}

/** GET /problems and /problems/:code: what each code means and what to do. HTML for browsers, JSON otherwise. */
export const problemPages: Route = scope => {
  const tags = ['problems']
  const pages = problemCodes.map(code => ({ code, ...problemTable[code] }))
  const list = pageHandler({ problems: pages }, 'Problems', pages)
  const byCode = new Map(pages.map(each => [`${each.code}`, pageHandler(each, each.title, [each])]))

  scope.get(
    '/problems',
    {
      schema: {
        operationId: 'listProblems',
        summary: 'All problems',
        tags,
        response: {
          200: answer(Type.Object({ problems: Type.Array(ProblemPage) })),
          ...problemResponses(examplesOf([...ofAnyRequest, 'shutting_down']))
        }
      }
    },
    function listProblems(request, reply) {
      return list(request, reply)
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
        response: {
          200: answer(ProblemPage),
          ...problemResponses([unknownCode(), ...examplesOf([...ofAnyRequest, 'shutting_down'])])
        }
      }
    },
    function showProblem(request, reply) {
      const answerPage = byCode.get(request.params.code)
      if (answerPage === undefined) throw unknownCode()
      return answerPage(request, reply)
    }
  )
}

function unknownCode(): Problem {
  return new Problem('route_not_found', { detail: 'There is no problem with this code.' })
}

/** Answers with a page as HTML to browsers, as JSON otherwise. */
function pageHandler(json: object, title: string, pages: readonly ProblemPage[]) {
  const chosenBy = 'accept'
  const asJson = new StaticDocument({
    type: 'application/json; charset=utf-8',
    chosenBy,
    load: () => JSON.stringify(json)
  })
  const asHtml = new StaticDocument({
    type: 'text/html; charset=utf-8',
    chosenBy,
    headers: { 'content-security-policy': contentSecurityPolicy },
    load: () => document(title, pages)
  })
  return (request: FastifyRequest, reply: FastifyReply) =>
    (wantsHtml(request) ? asHtml : asJson).answer(request, reply)
}

function wantsHtml(request: FastifyRequest): boolean {
  return /\btext\/html\b/i.test(request.headers.accept ?? '')
}

const styles = `body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}
code{background:#8882;padding:.1em .3em;border-radius:.2em}section{border-top:1px solid #8886;margin-top:1.5rem}`

/** The page loads nothing: its own styles alone count. */
const contentSecurityPolicy = [
  ...["default-src 'none'", `style-src 'sha256-${hash('sha256', styles, 'base64')}'`],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]
].join('; ')

function document(title: string, pages: readonly ProblemPage[]): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title>
<style>${styles}</style>
<h1>${escaped(title)}</h1>${pages.map(section).join('')}</html>`
}

function section({ code, status, title, detail, retryable, action }: ProblemPage): string {
  return `<section id="${code}"><h2>${escaped(title)}</h2>
<p><a href="/problems/${code}"><code>${code}</code></a>, HTTP ${status}, ${retryable ? 'worth a retry' : 'not worth a retry as it is'}</p>
<p>${escaped(detail)}</p><p><strong>What to do:</strong> ${escaped(action)}</p></section>`
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, character => entities[character] ?? character)
}
