/** Something that a test started, and that has to end with it. */
export type Started = { end(): Promise<unknown> }

const living = new Set<Started>()

export function noteStarted(one: Started): void {
  living.add(one)
}

export function noteEnded(one: Started): void {
  living.delete(one)
}

/** What still runs, in the order in which it was started. */
export function startedAndLiving(): ReadonlySet<Started> {
  return new Set(living)
}

/** Ends what still runs, but for `others`: what was started last ends first. */
export async function endStarted(others: ReadonlySet<Started> = new Set()): Promise<void> {
  for (const one of [...living].reverse()) if (!others.has(one)) await one.end()
}
