import { readFileSync } from 'node:fs'

/** How many connections of callers one listener takes. */
export type ConnectionBounds = {
  /** Those on which somebody has proved who they are. */
  readonly known: number
  /** All others. */
  readonly strangers: number
  /** Of those, the ones from one address, unless it is a trusted proxy's. */
  readonly strangersPerAddress: number
}

/** Files and sockets that are not connections of callers: the store and its threads, the upstream's, the log. */
const reservedFiles = 224
/** For an operating system that does not say how many files may be open. */
const assumedOpenFiles = 1024

/** However many files may be open: each connection costs memory as well. */
const most = { all: { public: 5120, admin: 384 }, strangers: { plain: 1024, encrypted: 640 } }
/** As many as the operating system hands over at once: callers that all come back after a restart are not displaced. */
const mostPerAddress = 512

/** The bounds of a listener in a process that may have so many files open. */
export function connectionBounds(
  listener: 'public' | 'admin',
  { openFiles, encrypted }: { openFiles: number; encrypted: boolean }
): ConnectionBounds {
  const spare = Math.max(128, openFiles - reservedFiles)
  const admin = Math.min(most.all.admin, Math.floor(spare / 8))
  const all = listener === 'admin' ? admin : Math.min(most.all.public, spare - admin)
  const strangers = Math.min(most.strangers[encrypted ? 'encrypted' : 'plain'], Math.floor(all / 3))
  const strangersPerAddress = Math.min(mostPerAddress, Math.ceil(strangers * 0.8))
  return { known: all - strangers, strangers, strangersPerAddress }
}

/** How many files this process may have open. */
export function openFileLimit(): number {
  try {
    const text = readFileSync('/proc/self/limits', 'utf8')
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(text) ?? []
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft ?? assumedOpenFiles)
  } catch {
    // Not Linux: then the usual least of its kind.
    return assumedOpenFiles
  }
}
