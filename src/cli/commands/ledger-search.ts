import type { DatabaseSync } from 'node:sqlite'
import { type Command, Option } from 'commander'
import { domainError } from '../../contract/error-table.ts'
import type { LedgerEntry } from '../../ledger/entry/entry.ts'
import { type Outcome, outcomes } from '../../ledger/entry/terms.ts'
import { entriesOfRequest, isCursor, searchLedger } from '../../ledger/query/search.ts'
import { unrecordedRequest } from '../../ledger/query/unrecorded-request.ts'
import type { CliContext } from '../context.ts'
import { type ConfigOptions, type ListOptions, withConfigOptions, withListOptions } from '../input/options.ts'
import { pastTime, type Time } from '../input/time-options.ts'
import { changesText, listedChange } from '../output/changes.ts'
import { print, printPage } from '../output/print.ts'
import { type Column, facts, shortTime, table } from '../output/table.ts'
import { withLedger } from '../with-ledger.ts'

type SearchOptions = ListOptions & {
  readonly tenant?: string
  readonly key?: string
  readonly connector?: string
  readonly kind?: string
  readonly code?: string
  readonly outcome?: Outcome
  readonly requestId?: string
  readonly since?: Time
  readonly until?: Time
}

/** `ledger list`: newest first, page by page. */
export function addList(noun: Command, context: CliContext): void {
  const list = noun
    .command('list')
    .description('list entries, newest first')
    .option('--tenant <name>', 'of this tenant')
    .option('--key <id>', 'made with this key')
    .option('--connector <id>', 'about this connector')
    .option('--kind <kind>', "of this kind, e.g. call.outcome or 'admin.*'")
    .option('--code <code>', 'with this outcome: accepted, or a problem code')
    .addOption(new Option('--outcome <outcome>', 'that ended so').choices(outcomes))
    .option('--request-id <id>', 'of this request')
    .option(
      '--since <time>',
      'from this time on: RFC 3339, or a duration before now such as 24h or 30m',
      pastTime
    )
    .option('--until <time>', 'before this time: the same forms', pastTime)
  withListOptions(list).action(async (options: SearchOptions) => {
    const { cursor, limit } = options
    if (cursor !== undefined && !isCursor(cursor))
      throw domainError('cursor_invalid', 'the cursor is not one that a list gave')
    const page = { limit, ...(cursor !== undefined && { cursor }) }
    const found = await withLedger(context, options, database =>
      searchLedger(database, toSearch(options), page)
    )
    printPage(context, options, found, listColumns(found.items), listedChange)
  })
}

/** `ledger show`: the whole story of one call. */
export function addShow(noun: Command, context: CliContext): void {
  const show = noun
    .command('show')
    .description('tell the whole story of one request')
    .argument('<request-id>')
  withConfigOptions(show).action(async (requestId: string, options: ConfigOptions) => {
    const items = await withLedger(context, options, database => recordedStory(database, requestId))
    print(context, options, { items, next: null }, story(items))
  })
}

function recordedStory(database: DatabaseSync, requestId: string): readonly LedgerEntry[] {
  const items = entriesOfRequest(database, requestId)
  if (items.length > 0) return items
  const { detail, ...facts } = unrecordedRequest(database, requestId, new Date())
  throw domainError('request_not_found', detail, { facts })
}

function toSearch({ tenant, key, connector, kind, code, outcome, requestId, since, until }: SearchOptions) {
  const now = new Date()
  return {
    ...(tenant !== undefined && { tenant }),
    ...(key !== undefined && { keyId: key }),
    ...(connector !== undefined && { connectorId: connector }),
    ...(kind !== undefined && { kind }),
    ...(code !== undefined && { code }),
    ...(outcome !== undefined && { outcome }),
    ...(requestId !== undefined && { requestId }),
    ...(since && { since: since(now) }),
    ...(until && { until: until(now) })
  }
}

/**
 * 20, 24, 12 and 36 characters with two between: 98 of the 100 that a terminal is sure to have. A list with reasons or limits
 * needs more room anyway, so it also shows whole codes.
 */
function listColumns(entries: readonly LedgerEntry[]): readonly Column<LedgerEntry>[] {
  const hasReasons = entries.some(entry => reasonOf(entry) !== undefined)
  const columns: readonly Column<LedgerEntry>[] = [
    ['TIME', entry => shortTime(entry.at)],
    ['EVENT', entry => cut(event(entry), hasReasons ? 48 : 24)],
    ['TENANT', entry => cut(entry.tenant ?? '-', 12)],
    ['REQUEST', entry => cut(entry.request_id ?? '-', 36)]
  ]
  return hasReasons ? [...columns, ['REASON', entry => reasonOf(entry) ?? '-']] : columns
}

/** Why a caller was not admitted, or whose limit was reached. */
function reasonOf({ reason, limit }: LedgerEntry): string | undefined {
  return reason ?? limit
}

function event({ kind, code, count }: LedgerEntry): string {
  if (kind === 'call.outcome' && code !== undefined) return code
  if (kind !== 'call.rejected') return kind
  return typeof count === 'number' ? `${count} rejected: ${code}` : `rejected: ${code}`
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text
}

function story(entries: readonly LedgerEntry[]): string {
  const [first] = entries
  if (!first) return ''
  const asked = first.request?.date_limit === undefined ? undefined : `date_limit ${first.request.date_limit}`
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ['request', first.request_id],
    ['tenant', first.tenant],
    ['key', first.key_id],
    ['client', first.client_ip],
    ['operation', first.operation],
    ['connector', first.connector_id],
    ['asked', asked],
    ['credential', first.credential],
    ['cause', entries.findLast(({ cause }) => cause !== undefined)?.cause],
    ['limit', entries.findLast(({ limit }) => limit !== undefined)?.limit]
  ]
  const known = pairs.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  return `${facts(known)}\n${table(storyColumns(entries), entries)}${changesText(entries)}`
}

function storyColumns(entries: readonly LedgerEntry[]): readonly Column<LedgerEntry>[] {
  const hasReasons = entries.some(({ reason }) => reason !== undefined)
  const reason: Column<LedgerEntry> = ['REASON', entry => entry.reason ?? '-']
  return [
    ['TIME', entry => entry.at],
    ['KIND', entry => cut(entry.kind, 16)],
    ['TRY', entry => String(entry.attempt ?? '-')],
    ['RESULT', entry => entry.code ?? '-'],
    ...(hasReasons ? [reason] : []),
    ['STATUS', entry => String(entry.status ?? '-')],
    ['UPSTREAM', entry => String(entry.upstream_status ?? '-')],
    ['MS', entry => String(entry.duration_ms ?? '-')]
  ]
}
