/** What the sandbox has done since it started. Counts only go up, `connections_open` excepted. */
export type SandboxCounters = ReturnType<typeof zeroCounters>

/** All counts at zero. */
export function zeroCounters() {
  return {
    connections_accepted: 0,
    connections_open: 0,
    /** Connections reset as they were accepted, before any request was read. */
    connections_reset_unread: 0,
    /** Recorded requests, whole or not; those on the control endpoint are neither recorded nor counted. */
    requests: 0,
    requests_incomplete: 0,
    /** Records pushed out by newer ones. */
    records_dropped: 0,
    /** By the status that was about to be sent; "none" where no whole head was. */
    by_status: {} as Record<string, number>,
    by_operation: {} as Record<string, number>,
    by_fault: {} as Record<string, number>
  }
}

/** Adds one under a name that may be new. */
export function increment(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1
}
