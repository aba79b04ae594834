import { type HttpAnswer, header } from './http-answer.ts'

/** An answer without what differs between any two, and must: its id and its time. */
export function withoutId(answer: HttpAnswer | undefined): unknown {
  if (answer === undefined) throw new Error('no answer')
  const id = header(answer, 'x-request-id') ?? ''
  const headers = answer.headers.filter(([name]) => name !== 'x-request-id' && name !== 'date')
  return { ...answer, headers, body: answer.body.replace(id, 'ID') }
}
