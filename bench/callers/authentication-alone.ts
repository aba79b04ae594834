/** `node --expose-gc authentication-alone.ts TENANTS ROUNDS`: what authenticating a key costs; prints it as JSON. */
import { createSecretKey, randomBytes } from 'node:crypto'
import { Directory } from '../../src/identity/directory.ts'
import { seededRandom, shuffle } from '../shuffle.ts'
import { Crowd } from './crowd.ts'

/** What one call cost, in microseconds, round by round. */
export type AuthenticationCosts = { readonly cpuMicros: number[]; readonly wallMicros: number[] }
export type AuthenticationFigures = Readonly<
  Record<'large' | 'ten', Record<'first' | 'repeated', AuthenticationCosts>>
>

/** A gateway that takes some 4,000 calls a second writes the uses of keys down after so many. */
const callsPerWriting = 20_000
const reloadsOfTen = 2_000
const keysPerBatch = 500

const [tenants = 0, rounds = 0] = process.argv.slice(2).map(Number)
const pepper = createSecretKey(randomBytes(32))
const random = seededRandom(42)
const [large, ten] = [new Crowd(pepper, tenants), new Crowd(pepper, 10)]
const orderOf = (crowd: Crowd) =>
  shuffle(
    Array.from({ length: crowd.size }, (_, number) => number),
    random
  )

/** Time spent in authenticating these keys, CPU of all threads and wall, in microseconds. */
class Meter {
  calls = 0
  cpuMicros = 0
  wallMicros = 0

  measure(directory: Directory, crowd: Crowd, order: readonly number[]): void {
    const now = Date.now()
    for (let from = 0; from < order.length; from += keysPerBatch) {
      // Made beforehand: the key of a request has just been read from a socket, too.
      const keys = order.slice(from, from + keysPerBatch).map(number => crowd.key(number))
      const [cpuBefore, wallBefore] = [process.cpuUsage(), performance.now()]
      for (const key of keys) {
        if (directory.authenticate(key, now) === null) throw new Error('a good key was refused')
        if (++this.calls % callsPerWriting === 0) directory.takeUses()
      }
      const { user, system } = process.cpuUsage(cpuBefore)
      this.wallMicros += (performance.now() - wallBefore) * 1000
      this.cpuMicros += user + system
    }
  }

  addTo({ cpuMicros, wallMicros }: AuthenticationCosts): void {
    cpuMicros.push(this.cpuMicros / this.calls)
    wallMicros.push(this.wallMicros / this.calls)
  }
}

const costs = (): AuthenticationCosts => ({ cpuMicros: [], wallMicros: [] })
const figures: AuthenticationFigures = {
  large: { first: costs(), repeated: costs() },
  ten: { first: costs(), repeated: costs() }
}

/** Every key once, in random order, in a directory that has just been read; then every key again, in another order. */
function playLarge(): void {
  const directory = new Directory(pepper)
  large.loadInto(directory)
  // What the reading has left behind is collected now, not while calls are measured.
  globalThis.gc?.()
  for (const use of ['first', 'repeated'] as const) {
    const meter = new Meter()
    meter.measure(directory, large, orderOf(large))
    meter.addTo(figures.large[use])
  }
}

/** The same with ten tenants, which are reloaded, outside of the time, before each first use. */
function playTen(): void {
  const directory = new Directory(pepper)
  const meters = { first: new Meter(), repeated: new Meter() }
  const changed = Array.from({ length: ten.tenants }, (_, number) => `crowd-${number}`)
  for (let reload = 0; reload < reloadsOfTen; reload++) {
    directory.apply({ lastChange: 0, changed, tenants: ten.rows(0, ten.tenants) })
    meters.first.measure(directory, ten, orderOf(ten))
    meters.repeated.measure(directory, ten, orderOf(ten))
  }
  for (const use of ['first', 'repeated'] as const) meters[use].addTo(figures.ten[use])
}

// The first rounds compile what the others measure.
for (let round = 0; round <= rounds; round++) {
  for (const play of shuffle([playLarge, playTen], random)) play()
  if (round > 0) continue
  for (const one of Object.values(figures))
    for (const { cpuMicros, wallMicros } of Object.values(one)) cpuMicros.length = wallMicros.length = 0
}
console.log(JSON.stringify(figures))
