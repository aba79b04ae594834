import type { FastifyReply } from 'fastify'
import { BoundedMap } from '../base/bounded-map.ts'
import { Problem } from '../contract/problem.ts'
import { type Limit, type Verdict, wholeSeconds } from '../limits/gcra.ts'

/** By limit and wait: a flood of refusals shares a few problems, each rendered once. */
const refusals = new BoundedMap<string, Problem>(1_000)

/** The refusal by a limit, with the headers that describe it. */
export function rateLimited(name: string, limit: Limit, verdict: Verdict, reply: FastifyReply): Problem {
  describeLimit(name, limit, verdict, reply)
  const retryAfter = wholeSeconds(verdict.retryAfterUs)
  const kind = `${name} ${retryAfter}`
  const known = refusals.get(kind)
  if (known) return known
  const detail = `The limit "${name}" is used up.`
  const problem = new Problem('rate_limited', { detail, retryAfter, logFields: { limit: name } })
  refusals.set(kind, problem)
  return problem
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
