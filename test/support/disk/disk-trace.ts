import type { SeededRandom } from '../../../src/sandbox/seeded-random.ts'

/** One thing that a process did to a file of the store, as strace tells it. Times are milliseconds since 1970. */
export type DiskEvent = { readonly at: number; readonly file: string } & (
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: 'cut'; readonly length: number }
  | { readonly kind: 'sync' }
)

/** The words that make strace tell what `parseDiskTrace` reads. */
export const traceWords = [
  '-ttt',
  '-y',
  '-xx',
  '-s',
  '1000000',
  '-e',
  'trace=pwrite64,ftruncate,fsync,fdatasync'
]

const line = /^\d+\s+(\d+\.\d+) (\w+)\(\d+<((?:\\x[0-9a-f]{2})*)>(?:, )?(.*)$/
const arguments_ = {
  pwrite64: /^"((?:\\x[0-9a-f]{2})*)"(?:\.\.\.)?, (\d+), (\d+)/,
  ftruncate: /^(\d+)/
} as const

/** What the log of a trace says was done to the files at these paths, in order. Throws for a line that it cannot read. */
export function parseDiskTrace(text: string, paths: readonly string[]): DiskEvent[] {
  return text.split('\n').flatMap((said): DiskEvent[] => {
    const [, time, name, hexPath = '', rest = ''] = line.exec(said) ?? []
    if (name === undefined) return []
    const file = unhex(hexPath).toString()
    if (!paths.includes(file)) return []
    const at = Number(time) * 1000
    if (name === 'fsync' || name === 'fdatasync') return [{ at, file, kind: 'sync' }]
    if (name === 'ftruncate')
      return [{ at, file, kind: 'cut', length: Number(arguments_.ftruncate.exec(rest)?.[1]) }]
    const [, hex, size, offset] = arguments_.pwrite64.exec(rest) ?? []
    if (hex === undefined || hex.length !== Number(size) * 4)
      throw new Error(`cannot read: ${said.slice(0, 200)}`)
    return [{ at, file, kind: 'write', offset: Number(offset), bytes: unhex(hex) }]
  })
}

function unhex(text: string): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex')
}

const sectorBytes = 512

/** A disk that keeps what was synced, and of the rest whatever chance has it. */
export class UnreliableDisk {
  readonly #files = new Map<string, { durable: Buffer; pending: DiskEvent[] }>()

  constructor(files: ReadonlyMap<string, Buffer>) {
    for (const [file, content] of files) this.#files.set(file, { durable: content, pending: [] })
  }

  add(event: DiskEvent): void {
    const file = this.#files.get(event.file) ?? { durable: Buffer.alloc(0), pending: [] }
    this.#files.set(event.file, file)
    if (event.kind !== 'sync') file.pending.push(event)
    else {
      for (const each of file.pending) file.durable = applied(file.durable, each)
      file.pending = []
    }
  }

  /** The files as they are found after a power cut now: each write that was not synced is there, not there, or torn. */
  afterPowerCut(random: SeededRandom): Map<string, Buffer> {
    return new Map(
      [...this.#files].map(([name, { durable, pending }]) => {
        const survived = random.integer(4) === 0 ? [] : pending.flatMap(event => partOf(event, random))
        return [name, survived.reduce(applied, Buffer.from(durable))]
      })
    )
  }
}

function partOf(event: DiskEvent, random: SeededRandom): DiskEvent[] {
  const fate = random.integer(3)
  if (fate === 0) return []
  if (fate === 1 || event.kind !== 'write') return [event]
  const sectors: DiskEvent[] = []
  for (let at = 0; at < event.bytes.length; at += sectorBytes)
    if (random.integer(2) === 0)
      sectors.push({ ...event, offset: event.offset + at, bytes: event.bytes.subarray(at, at + sectorBytes) })
  return sectors
}

function applied(content: Buffer, event: DiskEvent): Buffer {
  if (event.kind === 'sync') return content
  if (event.kind === 'cut') return Buffer.concat([content.subarray(0, event.length)], event.length)
  const { offset, bytes } = event
  const grown = Buffer.concat([content], Math.max(content.length, offset + bytes.length))
  bytes.copy(grown, offset)
  return grown
}
