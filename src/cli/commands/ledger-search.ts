import { ledgerOperations } from '../../admin/operations/ledger.ts'
import { domainError } from '../../contract/error-table.ts'
import type { LedgerEntry } from '../../ledger/entry/entry.ts'
import { outcomes } from '../../ledger/entry/terms.ts'
import { entriesOfRequest, isCursor, searchLedger } from '../../ledger/query/search.ts'
import { unrecordedRequest } from '../../ledger/query/unrecorded-request.ts'
import { defineLedgerCommand } from '../define-command.ts'
import { choice, option, pageOptions } from '../input/options.ts'
import { pastTime } from '../input/time-options.ts'
import { changesText, listedChange } from '../output/changes.ts'
import { pageText } from '../output/print.ts'
import { type Column, keyValueLines, shortTime, table, truncate } from '../output/table.ts'

/** `ledger list`: newest first, page by page. */
export const list = defineLedgerCommand({
  usage: 'list',
  summary: 'list entries, newest first',
  options: {
    tenant: option('<name>', 'of this tenant'),
    key: option('<id>', 'made with this key'),
    connector: option('<id>', 'about this connector'),
    kind: option('<kind>', "of this kind, e.g. call.outcome or 'admin.*'"),
    code: option('<code>', 'with this outcome: accepted, or a problem code'),
    outcome: choice('<outcome>', 'of calls with this outcome', outcomes),
    requestId: option('<id>', 'of this request'),
    since: option('<time>', 'from this time on: RFC 3339, or a duration such as 24h or 30m', pastTime),
    until: option('<time>', 'before this time: the same forms', pastTime),
    ...pageOptions
  },
  run({ database }, { limit, cursor, since, until, key, connector, ...options }) {
    if (cursor !== undefined && !isCursor(cursor))
      throw domainError('cursor_invalid', 'the cursor is not one that a list gave')
    const now = new Date()
    const times = { since: since?.(now), until: until?.(now) }
    const search = { ...options, ...times, keyId: key, connectorId: connector }
    return searchLedger(database, search, { limit, cursor })
  },
  text: page => pageText(page, listColumns(page.items), listedChange)
})

/** `ledger show`: all that is known of one request. */
export const show = defineLedgerCommand({
  usage: 'show <request-id>',
  summary: ledgerOperations.showRequest.summary,
  run({ database }, _, requestId) {
    const items = entriesOfRequest(database, requestId)
    if (items.length > 0) return { items, next: null }
    const { detail, ...facts } = unrecordedRequest(database, requestId, new Date())
    throw domainError('request_not_found', detail, { facts })
  },
  text: ({ items }) => story(items)
})

/**
 * 20, 24, 12 and 36 characters with two between: 98 of 100 columns. A list with reasons or limits is wider anyway, so it also
 * shows whole codes.
 */
function listColumns(entries: readonly LedgerEntry[]): readonly Column<LedgerEntry>[] {
  const hasReasons = entries.some(entry => reasonOf(entry) !== undefined)
  const columns: readonly Column<LedgerEntry>[] = [
    ['TIME', entry => shortTime(entry.at)],
    ['EVENT', entry => truncate(event(entry), hasReasons ? 48 : 24)],
    ['TENANT', entry => truncate(entry.tenant ?? '-', 12)],
    ['REQUEST', entry => truncate(entry.request_id ?? '-', 36)]
  ]
  return hasReasons ? [...columns, ['REASON', entry => reasonOf(entry) ?? '-']] : columns
}

/** Why a caller was not admitted, or which limit was reached. */
function reasonOf({ reason, limit }: LedgerEntry): string | undefined {
  return reason ?? limit
}

function event({ kind, code, count }: LedgerEntry): string {
  if (kind === 'call.outcome' && code !== undefined) return code
  if (kind !== 'call.rejected') return kind
  return typeof count === 'number' ? `${count} rejected: ${code}` : `rejected: ${code}`
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
  return `${keyValueLines(known)}\n${table(storyColumns(entries), entries)}${changesText(entries)}`
}

function storyColumns(entries: readonly LedgerEntry[]): readonly Column<LedgerEntry>[] {
  const hasReasons = entries.some(({ reason }) => reason !== undefined)
  const reason: Column<LedgerEntry> = ['REASON', entry => entry.reason ?? '-']
  return [
    ['TIME', entry => entry.at],
    ['KIND', entry => truncate(entry.kind, 16)],
    ['TRY', entry => String(entry.attempt ?? '-')],
    ['RESULT', entry => entry.code ?? '-'],
    ...(hasReasons ? [reason] : []),
    ['STATUS', entry => String(entry.status ?? '-')],
    ['UPSTREAM', entry => String(entry.upstream_status ?? '-')],
    ['MS', entry => String(entry.duration_ms ?? '-')]
  ]
}
