import { DomainError } from '../base/domain-error.ts'
import { hasCode } from '../contract/error-table.ts'

/** What is wrong with the store, as far as an operator has to know: what to say, and whether its handle can be kept. */
type FaultKind = {
  /** For `/readyz` and the log. Names no path and holds no text of anybody else's. */
  readonly detail: string
  /**
   * Whether the open handle may be used again. After a failed write or sync it may not: the kernel reports such a
   * failure once, and the same handle would take a second sync for done that wrote nothing.
   */
  readonly keepsHandle: boolean
}

const replacedDetail =
  'The file of the store has been removed or replaced: put it back, or restart the gateway to use the one that is there now.'

const faults = {
  disk_full: { detail: 'The disk of the store is full.', keepsHandle: true },
  io_failed: {
    detail: 'The store could not be read or written: an I/O error of its disk.',
    keepsHandle: false
  },
  locked: { detail: 'Another process has locked the store.', keepsHandle: true },
  replaced: { detail: replacedDetail, keepsHandle: true },
  /** Found only after a commit: whether that is stored in the right file shows when it is opened again. */
  replaced_meanwhile: { detail: replacedDetail, keepsHandle: false },
  log_removed: {
    detail: 'The log beside the file of the store, or its index, has been removed, replaced or cut.',
    keepsHandle: false
  },
  damaged: { detail: 'The file of the store is damaged.', keepsHandle: false },
  unusable: { detail: 'The store cannot be used.', keepsHandle: false }
} as const satisfies Record<string, FaultKind>

export type StoreFaultCode = keyof typeof faults

/** SQLite's primary result codes; the rest is `unusable`. */
const byResultCode: Readonly<Record<number, StoreFaultCode>> = {
  5: 'locked',
  6: 'locked',
  10: 'io_failed',
  11: 'damaged',
  13: 'disk_full',
  // It could not be opened, mostly for want of space or of descriptors.
  14: 'io_failed',
  26: 'damaged'
}

/** A failure of the store of which it is known what to do about its handle. */
export type StoreFault = DomainError<StoreFaultCode>

export function storeFault(code: StoreFaultCode, options?: ErrorOptions): StoreFault {
  return new DomainError(code, faults[code].detail, options)
}

export function isStoreFault(error: unknown): error is StoreFault {
  return error instanceof DomainError && Object.hasOwn(faults, error.code)
}

/** Whether an error says why the store cannot be used: a fault, or `store_unavailable`. */
export function isStoreError(error: unknown): error is DomainError<StoreFaultCode | 'store_unavailable'> {
  return isStoreFault(error) || hasCode(error, 'store_unavailable')
}

/** Whether the open handle may be used again after this fault. */
export function keepsHandle({ code }: StoreFault): boolean {
  return faults[code].keepsHandle
}

/** What an error that came of using the store says about it. */
export function toStoreFault(error: unknown): StoreFault {
  if (isStoreFault(error)) return error
  const { errcode = 0 } = (isStoreError(error) ? error.cause : error) as { errcode?: number }
  return storeFault(byResultCode[errcode & 0xff] ?? 'unusable', { cause: error })
}
