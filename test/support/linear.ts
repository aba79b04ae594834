/** In how many pieces a text is compared with itself. Work that is quadratic in its length takes so many times as long. */
const pieces = 16
/** The processor's clock advances in steps of some milliseconds, and a collection of garbage takes some. */
const graceMs = 25

/**
 * Whether work on one long text costs about as much as on its pieces, one after the other, and `bounded` times that at the
 * most. The better of two: time of others, of compiling and of collecting garbage comes on top and never off.
 */
export function isLinear(text: Buffer, work: (text: Buffer) => void, bounded = 5): boolean {
  const length = Math.ceil(text.length / pieces)
  const parts = Array.from({ length: pieces }, (_, index) =>
    text.subarray(index * length, (index + 1) * length)
  )
  const best = (run: () => void) => Math.min(threadCostMs(run), threadCostMs(run))
  const inPieces = best(() => parts.forEach(work))
  // Once is enough to tell a text that takes minutes.
  const limit = inPieces * bounded + graceMs
  return threadCostMs(() => work(text)) <= limit || best(() => work(text)) <= limit
}

/** Milliseconds of processor time that `work` takes on this thread: what else the machine does is not in them. */
export function threadCostMs(work: () => unknown): number {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000
}
