import { Type } from '@sinclair/typebox'
import { contentError, emptyAnswer, firewallPage, missingAuthenticationToken } from './answer.ts'
import { faultKind } from './fault-kind.ts'
import type { Header } from './request-reader.ts'

const redirectStatus = Type.Union(
  [Type.Literal(301), Type.Literal(302), Type.Literal(303), Type.Literal(307), Type.Literal(308)],
  { default: 307 }
)
const errorStatus = (status: number) => Type.Integer({ minimum: 200, maximum: 599, default: status })

/** Answers that come instead of the content service's: the four published shapes, 429 and redirects. */
export const failureShapeFaults = {
  'content-error': faultKind({
    summary: 'Shape 1: the JSON error of the content service, with any status.',
    replacesService: true,
    options: {
      status: errorStatus(500),
      message: Type.String({ default: 'Internal server error' }),
      error_code: Type.String({ default: 'InternalServerError' })
    },
    alter: (_plan, { status, message, error_code }, situation) =>
      contentError(status, message, error_code, situation.nextRequestId())
  }),
  'missing-authentication-token': faultKind({
    summary: 'Shape 2: 403 as for a path or method that does not exist.',
    replacesService: true,
    alter: () => missingAuthenticationToken()
  }),
  'firewall-page': faultKind({
    summary: 'Shape 3: an HTML page with 401 or 403.',
    replacesService: true,
    options: { status: Type.Union([Type.Literal(401), Type.Literal(403)], { default: 403 }) },
    alter: (_plan, { status }) => firewallPage(status)
  }),
  'empty-answer': faultKind({
    summary: 'Shape 4: any status with an empty body.',
    replacesService: true,
    options: { status: errorStatus(502) },
    alter: (_plan, { status }) => emptyAnswer(status)
  }),
  'rate-limited': faultKind({
    summary: '429, without Retry-After or with one in seconds or as a date.',
    replacesService: true,
    options: {
      status: Type.Integer({ minimum: 400, maximum: 599, default: 429 }),
      retry_after: Type.Union([Type.Literal('none'), Type.Literal('seconds'), Type.Literal('date')], {
        default: 'none'
      }),
      seconds: Type.Integer({ default: 3 })
    },
    alter(_plan, { status, retry_after, seconds }, { nowMs }) {
      const forms: Record<typeof retry_after, Header[]> = {
        none: [],
        seconds: [['retry-after', String(seconds)]],
        date: [['retry-after', new Date(nowMs + seconds * 1000).toUTCString()]]
      }
      return emptyAnswer(status, forms[retry_after])
    }
  }),
  redirect: faultKind({
    summary: 'A redirect to another origin.',
    replacesService: true,
    options: {
      status: redirectStatus,
      location: Type.String({ default: 'http://redirected.invalid/contents/v1/connectors' })
    },
    alter: (_plan, { status, location }) => emptyAnswer(status, [['location', location]])
  })
}
