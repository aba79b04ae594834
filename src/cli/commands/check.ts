import { Command } from 'commander'
import { type Config, readConfig } from '../../config/config.ts'
import { ConfigError, locateIssues } from '../../config/error.ts'
import { domainError } from '../../contract/error-table.ts'
import { check } from '../check/check.ts'
import { type Findings, formatFindings } from '../check/findings.ts'
import { checkUpstream, isWell, refuseUnwell, type UpstreamFindings } from '../check/upstream.ts'
import type { ProcessContext } from '../context.ts'
import { type ConfigOptions, withConfigOptions } from '../input/options.ts'
import { print } from '../output/print.ts'

type CheckOptions = ConfigOptions & { readonly upstream?: true }

/** `check`: all that `serve` needs, without listening. It reads alone; `--upstream` writes its calls to the ledger. */
export function checkCommand(context: ProcessContext): Command {
  const command = new Command('check')
    .description('validate the configuration, look at the store and the keys; change nothing, do not listen')
    .option('--upstream', 'ask the upstream by a read that changes nothing; the call is in the ledger')
  return withConfigOptions(command).action(async (options: CheckOptions) => {
    const read = readConfig(context.env, options.config)
    const { faults, warnings, findings } = await check(read, context.env)
    if (faults.length > 0 || findings === null) {
      const placed = faults.map(fault => locateIssues(fault, read.config.sources))
      throw new ConfigError(placed, warnings)
    }
    const asked = options.upstream && (await ask(context, read.config, findings))
    const shown = asked ? withAnswers(findings, asked) : findings
    print(context, options, shown, formatFindings(shown))
    refuseUnwell(asked ?? [])
  })
}

/** Throws CommandError where there is nothing that the call could be recorded in: none is made for it. */
async function ask(context: ProcessContext, config: Config, findings: Findings): Promise<UpstreamFindings> {
  const { store, master_key_state } = findings
  if (store.state !== 'ready' || master_key_state !== 'fits')
    throw domainError(
      'upstream_not_asked',
      'the upstream is not asked: the call would be recorded in the store, which is made by the first start of the gateway, or by ' +
        'issuing a key; all else is well'
    )
  return await checkUpstream(context, config, findings.credentials)
}

function withAnswers(findings: Findings, asked: UpstreamFindings): Findings {
  const ok = findings.ok && asked.every(isWell)
  return { ...findings, ok, upstream: { ...findings.upstream, asked } }
}
