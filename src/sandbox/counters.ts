/** What the sandbox has done since it started. Counts only go up, `connections_open` excepted. */
export type SandboxCounters = {
  connections_accepted: number
  connections_open: number
  /** Connections reset as they were accepted: no request of theirs was ever read. */
  connections_reset_unread: number
  /** Recorded requests, whole or not; those on the control endpoint are neither recorded nor counted. */
  requests: number
  requests_incomplete: number
  /** Records pushed out by newer ones. */
  records_dropped: number
  /** By the status that was about to be sent; "none" where no whole head was. */
  by_status: Record<string, number>
  by_operation: Record<string, number>
  by_fault: Record<string, number>
}

/** All counts at zero. */
export function zeroCounters(): SandboxCounters {
  return {
    connections_accepted: 0,
    connections_open: 0,
    connections_reset_unread: 0,
    requests: 0,
    requests_incomplete: 0,
    records_dropped: 0,
    by_status: {},
    by_operation: {},
    by_fault: {}
  }
}

/** Adds one under a name that may be new. */
export function increment(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1
}
