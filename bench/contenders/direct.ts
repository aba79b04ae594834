import type { Contender } from './contender.ts'

/** The upstream without anything before it: the floor of latency, and as fast as the load generator can go. */
export const direct: Contender = {
  name: 'direct',
  title: 'upstream directly',
  whyMissing: () => null,
  launch: () => null
}
