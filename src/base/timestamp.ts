let lastMs = 0
let lastText = ''

/** The time now: RFC 3339, milliseconds, UTC. Formatted once a millisecond. */
export function timestamp(): string {
  const nowMs = Date.now()
  if (nowMs !== lastMs) {
    lastMs = nowMs
    lastText = new Date(nowMs).toISOString()
  }
  return lastText
}
