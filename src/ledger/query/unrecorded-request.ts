import type { DatabaseSync } from 'node:sqlite'
import { uuidv7TimeMs } from '../../base/uuid.ts'
import { beginning } from './batch-reader.ts'
import { type Counted, countedAt } from './counted-at.ts'

/** What is known of a request that has no entry of its own. */
export type UnrecordedRequest = {
  readonly detail: string
  /** By its id, RFC 3339; absent for an id that holds no time. */
  readonly arrived_at?: string
  /** Rejections that were counted at that time, the most first; absent when none were looked for. */
  readonly counted?: readonly Counted[]
}

/** An interval of counting and the wait for its entry. */
const unwrittenMs = 15_000
const toleranceMs = 5_000
const kindsShown = 20
const kindsInWords = 3
const unknown = 'the ledger knows no such request'

/** Explains at the time `now` a request that has no entries. */
export function unrecordedRequest(database: DatabaseSync, requestId: string, now: Date): UnrecordedRequest {
  const timeMs = uuidv7TimeMs(requestId)
  if (timeMs === null)
    return {
      detail: `${unknown}: not an id that the gateway issues (a UUID of version 7, which contains the time of the request)`
    }
  const arrived_at = new Date(timeMs).toISOString()
  const came = `${unknown}: its id dates it to ${arrived_at}`
  if (timeMs > now.getTime() + toleranceMs) return { detail: `${came}, which is in the future`, arrived_at }
  const counted = countedAt(database, timeMs)
  const isEarly = now.getTime() - timeMs < unwrittenMs
  if (counted.length > 0) {
    const more = isEarly ? '; counts are written every 10 s, so there may be more' : ''
    const detail = `${came}; ${inWords(counted)}; if it was one of them, the log has its line${more}`
    return { detail, arrived_at, counted: counted.slice(0, kindsShown) }
  }
  const { at: begins, isPruned } = beginning(database)
  if (begins === null || arrived_at < begins) {
    const where = begins === null ? 'has no entries' : `begins at ${begins}`
    const detail = `${came}, and the ledger ${where}${isPruned ? ': what came before has been pruned' : ''}`
    return { detail, arrived_at }
  }
  return { detail: `${came}; ${isEarly ? notYet : nothing}`, arrived_at, counted }
}

const notYet =
  'what is refused in bursts is counted, and the counts are written every 10 s: ask again then, or look for its line in the log'
const nothing =
  'no refused request was counted in that second or the next; counts are written every 10 s, later while the store ' +
  'fails, and never by a process that is killed first; if the gateway answered it, the log has its line'

function inWords(counted: readonly Counted[]): string {
  const total = counted.reduce((sum, { count }) => sum + count, 0)
  const kinds = counted.slice(0, kindsInWords).map(kindInWords).join(', ')
  const more = counted.length - kindsInWords
  const others = more > 0 ? ` and ${more} more kind${more === 1 ? '' : 's'}` : ''
  const requests = total === 1 ? '1 refused request was' : `${total} refused requests were`
  const when = counted.some(hasNoSeconds) ? 'around then' : 'in that second and the next'
  return `${requests} counted ${when} and not written one by one: ${kinds}${others}`
}

function kindInWords(kind: Counted): string {
  const { count, code, reason, limit, tenant, key_id, client_ip, from, until } = kind
  const why = reason ?? limit
  const whose = [tenant && `of tenant ${tenant}`, key_id && `key ${key_id}`, client_ip && `from ${client_ip}`]
  return [
    `${count} ${code}`,
    why && `(${why})`,
    whose.filter(Boolean).join(', '),
    hasNoSeconds(kind) && `between ${from} and ${until}`
  ]
    .filter(Boolean)
    .join(' ')
}

/** Whether the entry that counted them covers more than the seconds asked for. */
function hasNoSeconds({ from, until }: Counted): boolean {
  return !from.endsWith('.000Z') || Date.parse(until) - Date.parse(from) !== 2_000
}
