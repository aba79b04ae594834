import type { ProcessContext } from '../context.ts'

const everyMs = 200

/** Shows how many entries are done. */
type Show = (step: string, entries: number) => void

/** Runs `work` with a line of progress, on a terminal alone: in a pipe and in a log it would be noise. */
export async function withProgress<T>(
  { stderr }: ProcessContext,
  work: (show: Show) => T | Promise<T>
): Promise<T> {
  const isTerminal = (stderr as { isTTY?: boolean }).isTTY === true
  let shownAt = 0
  function show(step: string, entries: number): void {
    const now = Date.now()
    if (!isTerminal || now - shownAt < everyMs) return
    shownAt = now
    stderr.write(`\r${step} ${entries} entries…`)
  }
  try {
    return await work(show)
  } finally {
    if (shownAt > 0) stderr.write('\r\u001b[K')
  }
}
