import { domainError } from '../contract/error-table.ts'

/** How long an answer of the store may take, in milliseconds, with all that it waits for. */
const deadlineMs = 2_000

/** The result of the work, unless it takes longer than `ms`: then throws `store_timeout`. It may be done all the same, later. */
export async function withDeadline<T>(working: Promise<T>, ms = deadlineMs): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(domainError('store_timeout', 'the store has not answered in time')),
    ms
  )
  try {
    return await Promise.race([working, late])
  } finally {
    clearTimeout(timer)
  }
}
