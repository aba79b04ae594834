import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Commands of a document, in the order in which they stand there. */
export type FencedCommands = {
  /** The text between the fences. */
  readonly commands: string
  /** It keeps running: a reader gives it a terminal of its own. */
  readonly background: boolean
}

const root = join(import.meta.dirname, '..', '..', '..')

/**
 * The blocks of a document that begin with ```sh, or with ```sh background. Blocks in other languages are examples
 * that cannot be run as they stand, e.g. because they need a real key.
 */
export function fencedCommands(document: string): FencedCommands[] {
  const text = readFileSync(join(root, document), 'utf8')
  return [...text.matchAll(/^```sh( background)?\n(.*?)^```$/gms)].map(([, background, commands = '']) => ({
    commands,
    background: background !== undefined
  }))
}

/**
 * What a document shows of the output: the lines of its blocks that begin with ```text, each as a pattern in which `…` stands for
 * anything.
 */
export function fencedExcerpts(document: string): RegExp[] {
  const text = readFileSync(join(root, document), 'utf8')
  const lines = [...text.matchAll(/^```text\n(.*?)\n```$/gms)].flatMap(([, shown = '']) => shown.split('\n'))
  return lines.map(line => new RegExp(`^${line.split('…').map(escaped).join('.*')}$`, 'm'))
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
