import type { CredentialStep } from '../../admin/desired-state/credential-plan.ts'
import { changesAnything, type PlanSummary, type StatePlan } from '../../admin/desired-state/plan.ts'
import type { Replay } from '../../admin/desired-state/replay.ts'
import type { MemberChange, MemberValue, TenantStep } from '../../admin/desired-state/tenant-plan.ts'
import { shownReference } from '../../custody/secrets/reference.ts'
import { type ReplaySince, replayText } from './replay-report.ts'
import { wrap } from './wrap.ts'

/** What was done, or would be in a dry run, with what a replay found. */
export type Applied = {
  readonly plan: StatePlan
  readonly dryRun: boolean
  readonly replay?: Replay & ReplaySince
}

/** As JSON. References are shown, never what they give. */
export function appliedReport({ plan, dryRun, replay }: Applied) {
  return {
    changed: changesAnything(plan),
    dry_run: dryRun,
    tenants: plan.tenants.map(({ tenant, action, changes }) => ({ tenant, action, changes })),
    credentials: plan.credentials.map(({ credential, action, version, before, after }) => ({
      credential,
      action,
      version,
      changes: [{ field: 'source', before: shown(before), after: shown(after) }]
    })),
    summary: plan.summary,
    warnings: plan.warnings,
    ...(replay && { replay })
  }
}

/** As lines of at most 100 columns for people: a diff, and its summary. */
export function appliedText({ plan, dryRun, replay }: Applied): string {
  const lines = [
    ...plan.tenants.flatMap(tenantLines),
    ...plan.credentials.flatMap(credentialLines),
    ...plan.warnings.flatMap(warning => wrap(`warning: ${warning}`, 2)),
    summaryLine(plan, dryRun)
  ]
  const replayed = replay ? `\n${replayText(replay)}` : ''
  return lines.map(line => `${line}\n`).join('') + replayed
}

const marks = { create: '+', change: '~', prune: '-' } as const

function tenantLines({ tenant, action, changes }: TenantStep): string[] {
  const members = changes.flatMap(change => memberLines(change, action === 'create'))
  return [`${marks[action]} tenant ${tenant}`, ...members.flatMap(indented)]
}

function memberLines(change: MemberChange, isNew: boolean): string[] {
  if (change.field === 'connectors')
    return [
      ...change.added.map(id => `connectors: +${id}`),
      ...change.removed.map(id => `connectors: -${id}`)
    ]
  const { field, before, after } = change
  return [`${field}: ${isNew ? '' : `${valueText(before)} -> `}${valueText(after)}`]
}

function credentialLines({ credential, action, before, after }: CredentialStep): string[] {
  const source = [before, after].flatMap(reference => shown(reference) ?? []).join(' -> ')
  // A reference given to a command may hold any text: control characters must not reach the terminal.
  const line = `source: ${source.replace(/[\s\p{Cc}]+/gu, ' ')}`
  return [`${marks[action]} credential ${credential}`, ...indented(line)]
}

function indented(line: string): string[] {
  return wrap(`    ${line}`, 6)
}

/** Only addresses can be null: no restriction. */
function valueText(value: MemberValue): string {
  if (value === null) return 'any'
  return typeof value === 'object' ? value.join(', ') || 'none' : String(value)
}

/** A reference without the words of a command that may hold a secret. */
function shown(reference: string | null): string | null {
  return reference === null ? null : shownReference(reference)
}

function summaryLine(plan: StatePlan, dryRun: boolean): string {
  const { unchanged, unnamed } = plan.summary
  const rest = unnamed > 0 ? `, ${unnamed} not in the file` : ''
  const nothing = !dryRun && !changesAnything(plan) ? ': nothing was written' : ''
  return `${counted(plan.summary, dryRun)}, ${unchanged} unchanged${rest}${nothing}`
}

function counted({ create, change, prune }: PlanSummary, dryRun: boolean): string {
  return dryRun
    ? `${create} to create, ${change} to change, ${prune} to prune`
    : `${create} created, ${change} changed, ${prune} pruned`
}
