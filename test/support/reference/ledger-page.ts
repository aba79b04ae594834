import { adminKinds } from '../../../src/ledger/entry/admin-change.ts'
import { exportOrder } from '../../../src/ledger/entry/entry.ts'
import { kindMeanings, memberMeanings, valueMeanings } from './ledger-members.ts'
import { code, codes, page, table } from './markdown.ts'

const effects = {
  creates: '`after`',
  changes: '`before` and `after`',
  removes: '`before`',
  prunes: '`cut` and `archive`'
}

/** The kinds of entries and their members. */
export function ledgerPage(): string {
  const kinds = Object.entries(kindMeanings)
  const members = Object.entries(memberMeanings)
  const order: readonly string[] = exportOrder
  const ordered = [
    ...order.flatMap(name => members.filter(([member]) => member === name)),
    ...members.filter(([member]) => !order.includes(member)).sort(([one], [two]) => (one < two ? -1 : 1))
  ]
  return page(
    'Ledger: kinds and members',
    '`src/ledger/entry/`',
    `\`ledger export\` prints one JSON object a line, its members in the order below. A member that does not apply is absent. An entry never
holds a key, and of what a caller sent only a valid connector id and date. [The ledger's format](../ledger-format.md) explains
chains, signatures and pruning.`,
    '## Kinds',
    table(
      ['kind', 'what it records'],
      kinds.filter(([kind]) => !(kind in adminKinds)).map(([kind, meaning]) => [code(kind), meaning])
    ),
    '## Kinds of administrative changes',
    'A change and its entries are written in one transaction.',
    table(
      ['kind', 'what it records', 'values'],
      Object.entries(adminKinds).map(([kind, effect]) => [
        code(kind),
        kindMeanings[kind as keyof typeof adminKinds],
        effects[effect]
      ])
    ),
    '## Members',
    table(
      ['member', 'form', 'kinds', 'what it holds'],
      ordered.map(([name, { in: kindsOfIt, form, meaning }]) => [code(name), form, codes(kindsOfIt), meaning])
    ),
    '## Values of changes',
    `\`before\` and \`after\` hold only what changed. Of a list with more than 20 items they hold \`count\`, the first 20 that were \`added\`
or \`removed\`, and how many \`more\` there are.`,
    table(
      ['value', 'what it is'],
      Object.entries(valueMeanings).map(([name, meaning]) => [code(name), meaning])
    )
  )
}
