import type { Command } from 'commander'
import { type DesiredState, planState } from '../../admin/desired-state/plan.ts'
import { replayCalls } from '../../admin/desired-state/replay.ts'
import { domainError } from '../../contract/error-table.ts'
import { recordedCallsSince } from '../../ledger/query/recorded-calls.ts'
import type { ProcessContext } from '../context.ts'
import { withCurrentState } from '../current-state.ts'
import { defineCommand } from '../define-command.ts'
import type { ConfigOptions } from '../input/options.ts'
import { readStateFile } from '../input/state-file.ts'
import { pastTime, type Time } from '../input/time-options.ts'
import { type Applied, appliedReport, appliedText } from '../output/apply-report.ts'
import { runApply } from '../run-apply.ts'
import { withStore } from '../with-store.ts'

type ApplyOptions = ConfigOptions & {
  readonly file: string
  readonly dryRun?: true
  readonly prune?: true
  readonly proof: boolean
  readonly replay?: Time
}

/** `apply`: changes tenants and credentials to what a file says, all of it or nothing. */
export function applyCommand(context: ProcessContext): Command {
  return defineCommand(context, {
    usage: 'apply',
    summary: 'change tenants and credentials to what a file says, all of it or nothing',
    declare: command =>
      command
        .requiredOption('-f, --file <file>', 'state file, in the format that `export` prints')
        .option('--dry-run', 'show what would change, and change nothing')
        .option(
          '--prune',
          'disable tenants that the file does not name, and remove references that nobody uses'
        )
        .option(
          '--replay <time>',
          'with --dry-run: show whose calls since then would newly be refused: a duration such as 24h, or RFC 3339',
          pastTime
        )
        .option('--no-proof', 'do not try new keys of credentials upstream first'),
    async run(options: ApplyOptions): Promise<Applied> {
      const since = replayStart(options)
      const desired = readStateFile(options.file)
      if (options.dryRun) return await dryRun(context, options, desired, since)
      const { prune = false, proof } = options
      const plan = await withStore(context, options, opened =>
        runApply(context, opened, { desired, prune, proof })
      )
      return { plan, dryRun: false }
    },
    json: appliedReport,
    text: appliedText
  })
}

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
  const reading = { ...options, verified: desired.credentials !== null }
  return await withCurrentState(context, reading, (current, raw) => {
    const plan = planState(current, desired, options.prune ?? false)
    if (!since) return { plan, dryRun: true }
    const replay = replayCalls(recordedCallsSince(raw, since), current.tenants, plan.after)
    return { plan, dryRun: true, replay: { since: since.toISOString(), ...replay } }
  })
}
