import type { CommandRequest } from '../admin/commands.ts'
import type { CommandName, Input, Result } from '../admin/operations/operation-table.ts'
import { hasCode } from '../contract/error-table.ts'
import { Problem } from '../contract/problem.ts'
import { isRefusal } from '../contract/refusal-table.ts'
import type { AdminCaller } from '../identity/admin-key-directory.ts'
import { withDeadline } from '../store/deadline.ts'
import { isStoreFault, type StoreFaultCode } from '../store/store-fault.ts'
import { FairQueue, type Slots } from './fair-queue.ts'

export type CommandExecutorOptions = {
  /** The store's thread. */
  readonly store: { call(job: 'administer', request: CommandRequest): Promise<unknown> }
  /** Loads the change into this process at once. Never rejects. */
  readonly refresh: () => Promise<void>
}

/** How many changes may wait, of all administrators together. */
const slots: Slots = { kind: 'change', count: 64 }

/** Executes the commands of administrators, on the store's thread. */
export class CommandExecutor {
  readonly #options: CommandExecutorOptions
  readonly #queue = new FairQueue()

  constructor(options: CommandExecutorOptions) {
    this.#options = options
  }

  /**
   * Makes a change, with its ledger entries. When it returns, the change is durable and this process applies it. Throws a
   * refusal, `overloaded`, `sealed`, or `store_unavailable`, whose detail says whether the change may have been made.
   */
  async execute<N extends CommandName>(
    { keyId, requestId }: AdminCaller & { readonly requestId?: string },
    name: N,
    input: Input<N>
  ): Promise<Result<N>> {
    const { store, refresh } = this.#options
    const request = { name, input, actor: `admin-key:${keyId}`, requestId }
    try {
      const result = await this.#queue.wait(slots, keyId, () => store.call('administer', request))
      // The change is durable, and other processes follow it too: a late refresh of this one is no failure. It takes no
      // room from changes: all who wait for it share one or two reads of the store.
      await withDeadline(refresh()).catch(() => {})
      return result as Result<N>
    } catch (cause) {
      if (cause instanceof Problem || isRefusal(cause)) throw cause
      if (hasCode(cause, 'credentials_damaged')) throw custodyBroken(cause)
      throw storeUnavailable(cause)
    }
  }
}

/** Faults before a change, or after which SQLite has certainly rolled it back. */
const rolledBack: ReadonlySet<StoreFaultCode> = new Set(['disk_full', 'locked', 'replaced', 'log_removed'])

/** No change is based on rows of credentials that somebody has altered. */
function custodyBroken(cause: unknown): Problem {
  const detail = 'The credentials in the store are not those that were stored. Nothing was changed.'
  return new Problem('sealed', { detail, cause })
}

/** The store has failed. After a failed write or sync nobody knows whether the change is on the disk. */
function storeUnavailable(cause: unknown): Problem {
  if (isStoreFault(cause) && rolledBack.has(cause.code)) {
    const detail = `${cause.message} Nothing was changed.`
    return new Problem('store_unavailable', { detail, retryAfter: 1, cause })
  }
  const reason = hasCode(cause, 'store_timeout')
    ? 'The store has not answered in time.'
    : 'The store has failed.'
  const detail = `${reason} The change may have been made: look before you repeat it.`
  return new Problem('store_unavailable', { detail, uncertain: true, cause })
}
