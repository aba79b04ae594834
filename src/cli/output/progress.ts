import type { CliContext } from '../context.ts'

const everyMs = 200

/** Shows how many entries are done, on a terminal alone: in a pipe and in a log it would be noise. */
export function progress({ stderr }: CliContext): {
  show(step: string, entries: number): void
  clear(): void
} {
  const isTerminal = (stderr as { isTTY?: boolean }).isTTY === true
  let shownAt = 0
  return {
    show(step, entries) {
      const now = Date.now()
      if (!isTerminal || now - shownAt < everyMs) return
      shownAt = now
      stderr.write(`\r${step} ${entries} entries…`)
    },
    clear() {
      if (shownAt > 0) stderr.write('\r\u001b[K')
    }
  }
}
