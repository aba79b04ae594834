import { hasCode } from '../contract/error-table.ts'
import { Problem } from '../contract/problem.ts'
import { isRefusal } from '../contract/refusal-table.ts'
import type { AdminCaller } from '../identity/admin-key-directory.ts'
import { withDeadline } from '../store/deadline.ts'
import { FairQueue, type Slots } from '../store/fair-queue.ts'
import { isStoreFault, type StoreFaultCode } from '../store/store-fault.ts'
import type { CommandInput, CommandName, CommandRequest, CommandResult } from './commands.ts'

export type CommandExecutorOptions = {
  /** The store's thread. */
  readonly store: { call(job: 'administer', request: CommandRequest): Promise<unknown> }
  /** Takes what was changed over into this process at once. Never rejects. */
  readonly refresh: () => Promise<void>
}

/** How many changes may wait, of all administrators together. */
const slots: Slots = { kind: 'change', count: 64 }

/** Changes to tenants, their keys and grants, and to credentials, asked for while the gateway runs. They are made on the store's thread. */
export class CommandExecutor {
  readonly #options: CommandExecutorOptions
  readonly #queue = new FairQueue()

  constructor(options: CommandExecutorOptions) {
    this.#options = options
  }

  /**
   * Makes a change, with its ledger entries. When it returns, the change is durable and this process goes by it. Throws a
   * refusal (by its name and code), `overloaded`, `sealed`, or `store_unavailable`, whose detail tells whether the change may have
   * been made all the same.
   */
  async execute<N extends CommandName>(
    { keyId, requestId }: AdminCaller & { readonly requestId?: string },
    name: N,
    input: CommandInput<N>
  ): Promise<CommandResult<N>> {
    const { store, refresh } = this.#options
    const request = { name, input, actor: `admin-key:${keyId}`, requestId }
    try {
      const result = await this.#queue.wait(slots, keyId, () => store.call('administer', request))
      // The change is made, and other processes follow it too: that this one is late is no failure of it. It takes no room
      // from changes: all who wait for this share one or two questions to the store.
      await withDeadline(refresh()).catch(() => {})
      return result as CommandResult<N>
    } catch (cause) {
      if (cause instanceof Problem || isRefusal(cause)) throw cause
      if (hasCode(cause, 'credentials_damaged')) throw custodyBroken(cause)
      throw storeUnavailable(cause)
    }
  }
}

/** Faults that come before a change, or after which SQLite has certainly taken it back. */
const takenBack: ReadonlySet<StoreFaultCode> = new Set(['disk_full', 'locked', 'replaced', 'log_removed'])

/** Nothing is built on rows of credentials that somebody has altered. */
function custodyBroken(cause: unknown): Problem {
  const detail = 'The credentials in the store are not those that were stored. Nothing was changed.'
  return new Problem('sealed', { detail, cause })
}

/** What is said when the store fails. After a failed write or sync nobody knows whether it came to the disk. */
function storeUnavailable(cause: unknown): Problem {
  if (isStoreFault(cause) && takenBack.has(cause.code)) {
    const detail = `${cause.message} Nothing was changed.`
    return new Problem('store_unavailable', { detail, retryAfter: 1, cause })
  }
  const what = hasCode(cause, 'store_timeout')
    ? 'The store has not answered in time.'
    : 'The store has failed.'
  const detail = `${what} The change may have been made: look before you repeat it.`
  return new Problem('store_unavailable', { detail, uncertain: true, cause })
}
