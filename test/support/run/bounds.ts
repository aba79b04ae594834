/** How many times slower than the reference this machine is, at least 1: measured once, at the start of the run. */
export const slowness = Math.max(1, Number(process.env['TEST_SLOWNESS'] ?? 1))

/** How long something that is promised within `ms` may take on this machine, in milliseconds. */
export function onThisMachine(ms: number): number {
  return ms * slowness
}

/**
 * How long a test waits for something that is promised at no particular time, in milliseconds: what the reference machine
 * takes at most is `ms`, and other work may be going on beside the run. It decides only how soon a failure shows.
 */
export function patienceFor(ms: number): number {
  return 3 * onThisMachine(ms)
}

/** For processes that a test starts: their compiled code is shared, and what one leaves behind is found. */
export const processEnvironment: Readonly<Record<string, string>> = Object.fromEntries(
  ['NODE_COMPILE_CACHE', 'CONNECTOR_GATEWAY_TEST_RUN'].flatMap(name => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  })
)
