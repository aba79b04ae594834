import { type HttpAnswer, header } from './http-answer.ts'

/** An answer without what differs between any two, and must: its id and its time. */
export function withoutId(answer: HttpAnswer | undefined): unknown {
  if (answer === undefined) throw new Error('no answer')
  const id = header(answer, 'x-request-id') ?? ''
  const headers = answer.headers.filter(([name]) => name !== 'x-request-id' && name !== 'date')
  return { ...answer, headers, body: answer.body.replace(id, 'ID') }
}

let addresses = 0
/** An address of this machine that no other test of the file has sent from: its count of failures is its own. */
export function freshAddress(): string {
  addresses++
  return `127.1.${Math.floor(addresses / 250)}.${(addresses % 250) + 1}`
}
