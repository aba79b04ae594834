import { readFileSync } from 'node:fs'

/** How many connections one listener takes. */
export type ConnectionBounds = {
  readonly authenticated: number
  readonly anonymous: number
  /** Of the anonymous ones, those from one network, unless it is a trusted proxy's. */
  readonly anonymousPerNetwork: number
}

/** Files and sockets beside callers' connections: the store and its threads, the upstream's connections, the log. */
const reservedFiles = 224
/** Where the operating system does not say how many files may be open. */
const assumedOpenFiles = 1024

/** However many files may be open: each connection costs memory as well. */
const most = { all: { public: 5120, admin: 384 }, anonymous: { plain: 1024, encrypted: 640 } }
/** As many as the operating system hands over at once: callers that all reconnect after a restart are not displaced. */
const mostPerNetwork = 512

/** The bounds of a listener in a process that may have so many files open. */
export function connectionBounds(
  listener: 'public' | 'admin',
  { openFiles, encrypted }: { openFiles: number; encrypted: boolean }
): ConnectionBounds {
  const spare = Math.max(128, openFiles - reservedFiles)
  const admin = Math.min(most.all.admin, Math.floor(spare / 8))
  const all = listener === 'admin' ? admin : Math.min(most.all.public, spare - admin)
  const anonymous = Math.min(most.anonymous[encrypted ? 'encrypted' : 'plain'], Math.floor(all / 3))
  const anonymousPerNetwork = Math.min(mostPerNetwork, Math.ceil(anonymous * 0.8))
  return { authenticated: all - anonymous, anonymous, anonymousPerNetwork }
}

/** How many files this process may have open. */
export function openFileLimit(): number {
  try {
    const text = readFileSync('/proc/self/limits', 'utf8')
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(text) ?? []
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft ?? assumedOpenFiles)
  } catch {
    // Not Linux.
    return assumedOpenFiles
  }
}
