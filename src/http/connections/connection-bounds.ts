import { readFileSync } from 'node:fs'

export type ConnectionBounds = {
  readonly authenticated: number
  readonly anonymous: number
  /** From one network, unless it is a trusted proxy's. */
  readonly anonymousPerNetwork: number
}

/** Files and sockets beside callers' connections: the store and its threads, the upstream's connections, the log. */
const reservedFiles = 224
const assumedOpenFiles = 1024

/** Each connection costs memory, however many files may be open. */
const most = { all: { public: 5120, admin: 384 }, anonymous: { plain: 1024, encrypted: 640 } }
/** As many as the operating system hands over at once: callers that all reconnect after a restart are not displaced. */
const mostPerNetwork = 512

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
