import { type DesiredState, planState } from '../../admin/desired-state/plan.ts'
import { replayCalls } from '../../admin/desired-state/replay.ts'
import { domainError } from '../../contract/error-table.ts'
import { recordedCallsSince } from '../../ledger/query/recorded-calls.ts'
import type { ProcessContext } from '../context.ts'
import { withCurrentState } from '../current-state.ts'
import { defineCommand } from '../define-command.ts'
import { type ConfigOptions, flag, flagWithout, option, required, type ValuesOf } from '../input/options.ts'
import { readStateFile } from '../input/state-file.ts'
import { pastTime } from '../input/time-options.ts'
import { type Applied, appliedReport, appliedText } from '../output/apply-report.ts'
import { runApply } from '../run-apply.ts'
import { withStore } from '../with-store.ts'

const options = {
  file: required(option('<file>', 'state file, in the format that `export` prints'), '-f'),
  dryRun: flag('show what would change, and change nothing'),
  prune: flag('disable tenants that the file does not name, and remove references that nobody uses'),
  replay: option(
    '<time>',
    'with --dry-run: show whose calls since then would newly be refused: a duration such as 24h, or RFC 3339',
    pastTime
  ),
  proof: flagWithout('do not try new keys of credentials upstream first')
}

type ApplyOptions = ConfigOptions & ValuesOf<typeof options>

/** `apply`: changes tenants and credentials to what a file says, all of it or nothing. */
export const applyCommand = defineCommand({
  usage: 'apply',
  summary: 'change tenants and credentials to what a file says, all of it or nothing',
  options,
  async run(context, given): Promise<Applied> {
    const since = replayStart(given)
    const desired = readStateFile(given.file)
    if (given.dryRun) return await dryRun(context, given, desired, since)
    const { prune = false, proof } = given
    const plan = await withStore(context, given, opened => runApply(opened, { desired, prune, proof }))
    return { plan, dryRun: false }
  },
  json: appliedReport,
  text: appliedText
})

/** A replay from a time in the future would find that nobody suffers. */
function replayStart({ replay, dryRun }: ApplyOptions): Date | undefined {
  if (replay && !dryRun)
    throw domainError('usage_invalid', '--replay needs --dry-run: it shows what a file would do')
  const now = new Date()
  const since = replay?.(now)
  if (since && since > now)
    throw domainError(
      'usage_invalid',
      `--replay ${since.toISOString()} is yet to come: give a time that has passed`
    )
  return since
}

async function dryRun(
  context: ProcessContext,
  options: ApplyOptions,
  desired: DesiredState,
  since: Date | undefined
): Promise<Applied> {
  const isVerified = desired.credentials !== null
  return await withCurrentState(context, options, isVerified, (current, raw) => {
    const plan = planState(current, desired, options.prune ?? false)
    if (!since) return { plan, dryRun: true }
    const replay = replayCalls(recordedCallsSince(raw, since), current.tenants, plan.after)
    return { plan, dryRun: true, replay: { since: since.toISOString(), ...replay } }
  })
}
