import type { LedgerEntry } from '../../ledger/entry/entry.ts'
import { wrap } from './wrap.ts'

/** The values that an administrative change changed, and who made it, as lines of at most 100 columns; nothing for other entries. */
export function changeText(entry: LedgerEntry): string {
  if (!entry.kind.startsWith('admin.')) return ''
  const lines = [...valueLines(entry), `by ${actorOf(entry)}`]
  return lines
    .flatMap(line => wrap(`    ${plain(line)}`, 6))
    .join('\n')
    .concat('\n')
}

/** The same below a row of a list, with the key or credential that changed, for which the columns have no room. */
export function listedChange(entry: LedgerEntry): string {
  if (!entry.kind.startsWith('admin.')) return ''
  const { key_id: key, credential } = entry
  const about = key === undefined ? credential && `credential ${credential}` : `key ${key}`
  return `${about === undefined ? '' : `    of ${about}\n`}${changeText(entry)}`
}

/** The same for several, each under its kind and what it is about. */
export function changesText(entries: readonly LedgerEntry[]): string {
  return entries
    .filter(({ kind }) => kind.startsWith('admin.'))
    .map(entry => `\n${[entry.kind, subjectOf(entry)].join(' ').trimEnd()}\n${changeText(entry)}`)
    .join('')
}

function valueLines({ before, after }: LedgerEntry): string[] {
  const [from, to] = [membersOf(before), membersOf(after)]
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].map(name => {
    if (after === undefined) return `- ${name}: ${valueText(name, from[name])}`
    return before === undefined
      ? `+ ${name}: ${valueText(name, to[name])}`
      : `${name}: ${valueText(name, from[name])} -> ${valueText(name, to[name])}`
  })
}

function actorOf({ actor, actor_host: host, actor_sudo: sudo }: LedgerEntry): string {
  const on = typeof host === 'string' ? ` on ${host}` : ''
  return `${String(actor)}${on}${typeof sudo === 'string' ? `, by sudo of ${sudo}` : ''}`
}

function subjectOf({ tenant, key_id, credential }: LedgerEntry): string {
  return [tenant, key_id, credential].filter(part => part !== undefined).join(' ')
}

function membersOf(values: unknown): Readonly<Record<string, unknown>> {
  return typeof values === 'object' && values !== null ? { ...values } : {}
}

/** What an absent value means. */
const unset: Readonly<Record<string, string>> = { addresses: 'any', expires_at: 'never' }

function valueText(name: string, value: unknown): string {
  if (value === null || value === undefined) return unset[name] ?? 'none'
  if (Array.isArray(value)) return value.join(', ') || 'none'
  return typeof value === 'object' ? summaryText(value) : String(value)
}

/** For a long list an entry holds the number of its items, and those that were added or removed. */
function summaryText({ count, added = [], removed = [], more }: Summary): string {
  const changed = [...added.map(item => `+${item}`), ...removed.map(item => `-${item}`)]
  const rest = more === undefined ? [] : [`and ${more} more`]
  return [`${count} in all`, ...changed, ...rest].join(', ')
}

type Summary = {
  readonly count?: number
  readonly added?: readonly string[]
  readonly removed?: readonly string[]
  readonly more?: number
}

/** A reference that was given to a command may hold line breaks and control characters. */
function plain(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ')
}
