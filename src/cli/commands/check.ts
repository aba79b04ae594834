import { readConfig } from '../../config/config.ts'
import { ConfigError, locateIssues } from '../../config/error.ts'
import { domainError } from '../../contract/error-table.ts'
import { check } from '../check/check.ts'
import { type Findings, formatFindings } from '../check/findings.ts'
import { checkUpstream, isAccepted, requireAccepted, type UpstreamFindings } from '../check/upstream.ts'
import type { ProcessContext } from '../context.ts'
import { defineCommand } from '../define-command.ts'
import { type ConfigOptions, flag } from '../input/options.ts'

/** `check`: all that `serve` needs, without listening. It changes nothing; `--upstream` writes its calls to the ledger. */
export const checkCommand = defineCommand({
  usage: 'check',
  summary: 'validate the configuration, look at the store and the keys; change nothing, do not listen',
  options: { upstream: flag('ask the upstream by a read that changes nothing; the call is in the ledger') },
  async run(context, options): Promise<Findings> {
    const read = readConfig(context.env, options.config)
    const { faults, warnings, findings } = await check(read, context.env)
    if (faults.length > 0 || findings === null) {
      const located = faults.map(fault => locateIssues(fault, read.config.sources))
      throw new ConfigError(located, warnings)
    }
    if (!options.upstream) return findings
    const asked = await ask(context, options, findings)
    const ok = findings.ok && asked.every(isAccepted)
    return { ...findings, ok, upstream: { ...findings.upstream, asked } }
  },
  text: formatFindings,
  judge: ({ upstream: { asked = [] } }) => requireAccepted(asked)
})

/** Throws DomainError where the store cannot record the call: a check makes none. */
async function ask(
  context: ProcessContext,
  options: ConfigOptions,
  { store, master_key_state, credentials }: Findings
): Promise<UpstreamFindings> {
  if (store.state !== 'ready' || master_key_state !== 'fits')
    throw domainError(
      'upstream_not_asked',
      'the upstream was not asked: the store that would record the call does not exist yet; start the gateway once, or issue ' +
        'a key. All other checks passed'
    )
  return await checkUpstream(context, options, credentials)
}
