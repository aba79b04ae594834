/** Milliseconds on a clock that all threads of the process share; performance.now() starts at zero in each. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
