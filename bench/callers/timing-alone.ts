/** `timing-alone.ts TENANTS SAMPLES`: whether refusals take a time that tells something; prints it as JSON. */
import { randomBytes } from 'node:crypto'
import { keyLength } from './random-keys.ts'
import { adminClasses, type Classes, tenantClasses } from './timing-classes.ts'
import { type Comparison, compare } from './welch.ts'

export type TimingFigures = readonly (Comparison & { readonly name: string })[]

const keysPerBatch = 512
/** What making the keys has left in the processor's caches is gone after some calls. */
const skippedPerBatch = 32

const [tenants = 0, samples = 0] = process.argv.slice(2).map(Number)

/** Times of one class, up to as many as are wanted. */
class Times {
  readonly ns = new Float64Array(samples)
  count = 0
  add(ns: number): void {
    if (this.count < samples) this.ns[this.count++] = ns
  }
}

/** Keys of both classes in random order, each timed by itself: a clock of nanoseconds, and calls of thousands of them. */
function measure({ name, authenticate, one, other, nextBatch }: Classes): TimingFigures[number] {
  const bytes = Buffer.alloc(keysPerBatch * keyLength)
  const times = [new Times(), new Times()] as const
  while (times.some(({ count }) => count < samples)) {
    nextBatch?.()
    const classes = randomBytes(keysPerBatch).map(byte => byte & 1)
    for (const [place, which] of classes.entries())
      bytes.write((which === 0 ? one : other)(), place * keyLength, 'latin1')
    // Made from bytes each time, as those of a request are: nothing about how a text was put together is left in it.
    const keys = Array.from(classes, (_, place) =>
      bytes.toString('latin1', place * keyLength, (place + 1) * keyLength)
    )
    for (const [place, key] of keys.entries()) {
      const begunMs = performance.now()
      const caller = authenticate(key)
      const tookNs = (performance.now() - begunMs) * 1e6
      if (caller !== null) throw new Error('a wrong key was taken')
      if (place >= skippedPerBatch) times[classes[place] as 0 | 1].add(tookNs)
    }
  }
  return { name, ...compare(times[0].ns, times[1].ns) }
}

const all = [...tenantClasses(tenants), ...adminClasses()]
console.log(JSON.stringify(all.map(measure)))
