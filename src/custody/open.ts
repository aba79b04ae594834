import type { Config } from '../config/config.ts'
import type { EventPublisher } from '../telemetry/events.ts'
import { CredentialPool } from './credential-pool.ts'
import { type CredentialJobs, CredentialReconciler } from './credential-reconciler.ts'
import { isCommand } from './secrets/watch.ts'

/** The credentials of this process, and what keeps them up to date with the store. */
export type Custody = ReturnType<typeof openCustody>

type CustodyOptions = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly pid: number
  readonly events: EventPublisher
  readonly store: CredentialJobs
}

/** Builds custody. No credential is opened yet. */
export function openCustody(config: Config, { env, pid, events, store }: CustodyOptions) {
  const credentials = new CredentialPool({
    events,
    persistRevert: change => {
      store
        .call('revertVersion', change)
        .catch(err => events.publish('credential.revert_not_persisted', { err }))
    }
  })
  const isInit = pid === 1
  const hasCommand = isCommand(config.masterKey)
  if (isInit && hasCommand) events.publish('exec.without_init', {})
  const reconciler = new CredentialReconciler({
    credentials,
    store,
    events,
    sources: { env, commands: { environment: config.execEnvironment } },
    setting: { reference: config.upstreamKey, mayBeMissing: config.upstreamKeyIsDefault },
    execRefreshMs: config.execRefreshSeconds * 1000,
    reportsCommand: isInit && !hasCommand
  })
  return { credentials, reconciler }
}
