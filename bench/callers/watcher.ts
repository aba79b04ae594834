import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** How soon after an answer the next question is sent: a change is seen late by as much at most. */
const pauseMs = 2
const limitMs = 15_000
/** After the first answer that is as wanted, so many more have to be. */
const confirmations = 3

export type Question = {
  readonly port: number
  readonly path: string
  readonly key: string
  /** An address of this machine; the failures of one are limited. */
  readonly from: string
}

/**
 * Asks over and over on one kept-alive connection until the answer has this status, and stays so. Resolves to when that
 * answer had come (`performance.now`). Throws after 15 s, or when the old status comes again.
 */
export async function whenAnswered(question: Question, status: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const giveUpAt = performance.now() + limitMs
  try {
    let seenAt = 0
    for (let seen = 0; seen <= confirmations; await sleep(pauseMs)) {
      const isWanted = (await ask(agent, question)) === status
      if (seen > 0 && !isWanted) throw new Error(`the answer was ${status}, and then another again`)
      if (isWanted && seen++ === 0) seenAt = performance.now()
      if (performance.now() > giveUpAt)
        throw new Error(`no ${status} in ${limitMs / 1000} s: ${question.path}`)
    }
    return seenAt
  } finally {
    agent.destroy()
  }
}

async function ask(agent: Agent, { port, path, key, from }: Question): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const headers = { authorization: `Bearer ${key}` }
  const sent = request({ agent, host: '127.0.0.1', port, path, headers, localAddress: from })
  sent.on('error', reject)
  sent.on('response', response => {
    response.resume()
    response.on('end', () => resolve(response.statusCode ?? 0))
  })
  sent.end()
  return await promise
}
