import type { Config } from '../config/config.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { CredentialJobs, RevertJob } from './credential-jobs.ts'
import { CredentialPool } from './credential-pool.ts'
import { CredentialReconciler } from './credential-reconciler.ts'
import { isCommand } from './secrets/watch.ts'

/** The credentials of this process, and what keeps them as the store says. */
export type Custody = { readonly credentials: CredentialPool; readonly keeper: CredentialReconciler }

type CustodyOptions = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
  readonly pid: number
}

/** Puts custody together. Nothing is opened yet. */
export function openCustody(
  config: Config,
  { env, logger, pid }: CustodyOptions,
  store: CredentialJobs & RevertJob
): Custody {
  const credentials = new CredentialPool({
    onRevert(change) {
      const { name: credential, from, to } = change
      logger.error({ credential, from, to }, 'the upstream refuses the new key: gone back to the one before')
      store
        .call('revertVersion', change)
        .catch(err => logger.error({ err }, 'that a credential has gone back could not be stored'))
    },
    onBreaker(credential, isOpen) {
      if (isOpen) logger.error({ credential }, 'the upstream refuses this key: no calls with it for a while')
      else logger.info({ credential }, 'the upstream takes this key again')
    }
  })
  let isWarned = pid !== 1
  // The system gives the first process what others leave behind, and Node does not ask for processes that it has not started.
  const onCommand = () => {
    if (!isWarned)
      logger.warn('commands of exec: references run without an init: what they leave behind stays as zombies')
    isWarned = true
  }
  if (isCommand(config.masterKey)) onCommand()
  const keeper = new CredentialReconciler({
    credentials,
    store,
    sources: { env, commands: { environment: config.execEnvironment } },
    setting: { reference: config.upstreamKey, mayBeMissing: config.upstreamKeyIsDefault },
    execRefreshMs: config.execRefreshSeconds * 1000,
    onCommand,
    onChange: credential => logger.info({ credential }, 'credential in use'),
    onError: (err, what) => logger.error({ err }, what)
  })
  return { credentials, keeper }
}
