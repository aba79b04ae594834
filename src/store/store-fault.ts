import { DomainError } from '../base/domain-error.ts'
import { domainError, hasCode } from '../contract/error-table.ts'

/** What an operator has to know of a fault, and whether the store's handle can be kept. */
type FaultKind = {
  /** For `/readyz` and the log. Names no path, and holds no text from outside. */
  readonly detail: string
  /**
   * Whether the open handle may be used again. After a failed write or sync a second sync of the same handle would succeed without
   * writing: the kernel reports such a failure once.
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
  /** Found after a commit: whether the right file has it shows when the store is opened again. */
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
  // It could not be opened: mostly no space, or no descriptors.
  14: 'io_failed',
  26: 'damaged'
}

/** A failure of the store, by whose code its handle is kept or closed. */
export type StoreFault = DomainError<StoreFaultCode>

export function storeFault(code: StoreFaultCode, options?: ErrorOptions): StoreFault {
  return new DomainError(code, faults[code].detail, options)
}

export function isStoreFault(error: unknown): error is StoreFault {
  return error instanceof DomainError && Object.hasOwn(faults, error.code)
}

export function isStoreError(error: unknown): error is DomainError<StoreFaultCode | 'store_unavailable'> {
  return isStoreFault(error) || hasCode(error, 'store_unavailable')
}

/** A store error as it is, and any other as `store_unavailable`, its message behind `what`. */
export function asStoreError(error: unknown, what: string): DomainError {
  if (isStoreError(error)) return error
  const reason = error instanceof Error ? error.message : String(error)
  return domainError('store_unavailable', `${what}: ${reason}`, { cause: error })
}

export function keepsHandle({ code }: StoreFault): boolean {
  return faults[code].keepsHandle
}

/** The store fault that an error from using the store means. */
export function toStoreFault(error: unknown): StoreFault {
  if (isStoreFault(error)) return error
  const { errcode = 0 } = (isStoreError(error) ? error.cause : error) as { errcode?: number }
  return storeFault(byResultCode[errcode & 0xff] ?? 'unusable', { cause: error })
}
