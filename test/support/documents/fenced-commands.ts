import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One block of commands in a document. */
export type FencedCommands = {
  /** The text between the fences. */
  readonly commands: string
  /** The commands keep running: a reader gives them a terminal of their own. */
  readonly background: boolean
}

const root = join(import.meta.dirname, '..', '..', '..')

/**
 * The blocks of a document that begin with ```sh, or with ```sh background, in their order. Blocks in other languages are
 * examples that cannot run as they are, e.g. because they need a real key.
 */
export function fencedCommands(document: string): FencedCommands[] {
  const text = readFileSync(join(root, document), 'utf8')
  return [...text.matchAll(/^```sh( background)?\n(.*?)^```$/gms)].map(([, background, commands = '']) => ({
    commands,
    background: background !== undefined
  }))
}

/**
 * The output that a document shows: the lines of its blocks that begin with ```text, each as a pattern in which `…` matches
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
