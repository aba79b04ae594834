import { grantOperations } from '../../admin/operations/grants.ts'
import { addGrants, type GrantsChanged, listGrants, removeGrants } from '../../tenants/grants.ts'
import { showTenant } from '../../tenants/tenants.ts'
import { defineNoun, defineStoreCommand, type MakeCommand } from '../define-command.ts'
import { pageOptions, splitIds } from '../input/options.ts'
import { pageText } from '../output/print.ts'
import { shortTime } from '../output/table.ts'

type Change = {
  readonly verb: 'add' | 'remove'
  readonly summary: string
  readonly apply: typeof addGrants
  /** `held` is what the tenant has afterwards. */
  readonly text: (result: GrantsChanged, held: readonly string[]) => string
}

function change({ verb, summary, apply, text }: Change): MakeCommand {
  return defineStoreCommand({
    usage: `${verb} <tenant> <connectors...>`,
    summary,
    meanings: { '<connectors...>': "connector ids, or '*' for all" },
    run: async ({ administration, store }, _, tenant, ...connectors) => ({
      changed: await apply(administration, tenant, splitIds(connectors)),
      held: (await showTenant(store, tenant)).connectors
    }),
    json: ({ changed }) => changed,
    text: ({ changed, held }) => text(changed, held)
  })
}

const add = change({
  verb: 'add',
  summary: 'grant connectors to a tenant',
  apply: addGrants,
  text: (added, held) => outcomes(added, 'granted', 'was granted already') + withoutEffect(added, held)
})

const remove = change({
  verb: 'remove',
  summary: 'remove grants of a tenant',
  apply: removeGrants,
  text: (removed, held) => outcomes(removed, 'removed', 'was not granted') + remaining(removed, held)
})

const list = defineStoreCommand({
  usage: 'list <tenant>',
  summary: grantOperations.listGrants.summary,
  options: pageOptions,
  run: ({ store }, page, tenant) => listGrants(store, tenant, page),
  text: page =>
    pageText(page, [
      ['CONNECTOR', grant => grant.connector_id],
      ['GRANTED', grant => shortTime(grant.created_at)]
    ])
})

export const grantCommand = defineNoun('grant', 'which connectors a tenant may use', [add, remove, list])

function outcomes(result: GrantsChanged, done: string, already: string): string {
  return result.connectors.map(id => `${id} ${result.changed.includes(id) ? done : already}\n`).join('')
}

/** A grant of one connector has no effect while the tenant holds `*`. */
function withoutEffect({ tenant, connectors }: GrantsChanged, held: readonly string[]): string {
  if (!held.includes('*')) return ''
  if (!connectors.includes('*'))
    return `tenant ${tenant} reaches every connector through *: this has no effect while * stays\n`
  const single = held.length - 1
  if (single === 0) return ''
  const grants = single === 1 ? 'the single grant' : `the ${single} single grants`
  return `${grants} to tenant ${tenant} besides * ${single === 1 ? 'has' : 'have'} no effect while * stays\n`
}

/** Grants named one by one; more are counted. */
const namedAtMost = 10

function remaining({ tenant }: GrantsChanged, held: readonly string[]): string {
  if (held.length === 0) return `tenant ${tenant} reaches no connector now\n`
  const named = held.slice(0, namedAtMost).join(', ')
  const more = held.length > namedAtMost ? ` and ${held.length - namedAtMost} more: see grant list` : ''
  return `tenant ${tenant} still reaches ${named}${more}\n`
}
