import type { FastifyReply } from 'fastify'
import { Problem } from '../contract/problem.ts'
import { type Limit, type Verdict, wholeSeconds } from '../limits/gcra.ts'

/** The refusal by a limit, with the headers that describe it. */
export function rateLimited(name: string, limit: Limit, verdict: Verdict, reply: FastifyReply): Problem {
  describeLimit(name, limit, verdict, reply)
  return new Problem('rate_limited', {
    detail: `The limit "${name}" is used up.`,
    retryAfter: wholeSeconds(verdict.retryAfterUs),
    logFields: { limit: name }
  })
}

/** Structured fields of draft-ietf-httpapi-ratelimit-headers: q requests in w seconds, r left now, t until full again. */
export function describeLimit(
  name: string,
  { ratePerMinute }: Limit,
  { remaining, resetUs }: Verdict,
  reply: FastifyReply
): void {
  reply.header('ratelimit-policy', `"${name}";q=${ratePerMinute};w=60`)
  reply.header('ratelimit', `"${name}";r=${remaining};t=${wholeSeconds(resetUs)}`)
}
