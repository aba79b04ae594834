import { Command } from 'commander'
import { type DesiredState, planState, type StatePlan } from '../../admin/desired-state/plan.ts'
import { replayCalls } from '../../admin/desired-state/replay.ts'
import { domainError } from '../../contract/error-table.ts'
import { recordedCallsSince } from '../../ledger/query/recorded-calls.ts'
import type { ProcessContext } from '../context.ts'
import { withCurrentState } from '../current-state.ts'
import { type ConfigOptions, withConfigOptions } from '../input/options.ts'
import { readStateFile } from '../input/state-file.ts'
import { pastTime, type Time } from '../input/time-options.ts'
import { type Applied, appliedReport, appliedText } from '../output/apply-report.ts'
import { print } from '../output/print.ts'
import { runApply } from '../run-apply.ts'
import { withStore } from '../with-store.ts'

type ApplyOptions = ConfigOptions & {
  readonly file: string
  readonly dryRun?: true
  readonly prune?: true
  readonly proof: boolean
  readonly replay?: Time
}

/** `apply`: makes tenants and credentials what a file says, all of it or nothing. */
export function applyCommand(context: ProcessContext): Command {
  const command = new Command('apply')
    .description('make tenants and credentials what a file says, all of it or nothing')
    .requiredOption('-f, --file <file>', 'what is to be so, as export prints it')
    .option('--dry-run', 'tell what would be changed, and change nothing')
    .option('--prune', 'disable tenants that the file does not name, and remove references that nobody uses')
    .option(
      '--replay <time>',
      'with --dry-run: tell whose calls since then would newly be refused: a duration such as 24h, or RFC 3339',
      pastTime
    )
    .option('--no-proof', 'do not try new keys of credentials upstream first')
  return withConfigOptions(command).action(async (options: ApplyOptions) => {
    if (options.replay && !options.dryRun)
      throw domainError('usage_invalid', '--replay is for --dry-run: it tells what would come of a file')
    const since = sinceOf(options)
    const wanted = readStateFile(options.file)
    const applied = options.dryRun
      ? await tryOut(context, options, wanted, since)
      : { plan: await apply(context, options, wanted), dryRun: false }
    print(context, options, appliedReport(applied), appliedText(applied))
  })
}

async function apply(
  context: ProcessContext,
  options: ApplyOptions,
  wanted: DesiredState
): Promise<StatePlan> {
  const { prune = false, proof } = options
  return await withStore(context, options, opened => runApply(context, opened, { wanted, prune, proof }))
}

/** From when on calls are decided again. Of a time that is yet to come it would be told that nobody suffers. */
function sinceOf({ replay }: ApplyOptions): Date | undefined {
  const now = new Date()
  const since = replay?.(now)
  if (since && since > now)
    throw domainError(
      'usage_invalid',
      `--replay ${since.toISOString()} is yet to come: give a time that has passed`
    )
  return since
}

async function tryOut(
  context: ProcessContext,
  options: ApplyOptions,
  wanted: DesiredState,
  since: Date | undefined
): Promise<Applied> {
  const reading = { ...options, proved: wanted.credentials !== null }
  return await withCurrentState(context, reading, (present, raw) => {
    const plan = planState(present, wanted, options.prune ?? false)
    if (!since) return { plan, dryRun: true }
    const replay = replayCalls(recordedCallsSince(raw, since), present.tenants, plan.after)
    return { plan, dryRun: true, replay: { since: since.toISOString(), ...replay } }
  })
}
