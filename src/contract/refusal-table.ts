import { DomainError } from '../base/domain-error.ts'

/** What one kind of refusal means. The table below is the only place where such a row is written. */
export type RefusalKind = {
  /** HTTP status of an answer that carries it. 400: the input is wrong in itself; else the store's state says no. */
  readonly status: 400 | 404 | 409
  readonly title: string
  /** What to do about it, by HTTP as well as by the command line. */
  readonly action: string
}

/** Of a key that has ended. */
const issueOrRotate =
  'Rotate the key that took its place, where `detail` names one; issue a new key otherwise.'

/** The closed table of why an administrative change, or a question, is refused. */
export const refusalTable = {
  tenant_name_invalid: {
    status: 400,
    title: 'Tenant name invalid',
    action: 'Choose a name of the form that `detail` describes.'
  },
  limit_invalid: {
    status: 400,
    title: 'Limit invalid',
    action: 'Give a limit within the range that `detail` names.'
  },
  connector_id_invalid: {
    status: 400,
    title: 'Connector id invalid',
    action: 'Give the id of a connector, a UUID, or * for every connector.'
  },
  operation_invalid: {
    status: 400,
    title: 'Operation invalid',
    action: 'Name only operations that `detail` lists.'
  },
  address_range_invalid: {
    status: 400,
    title: 'Address range invalid',
    action: 'Write the range in the form that `detail` shows.'
  },
  expiry_invalid: {
    status: 400,
    title: 'Expiry invalid',
    action: 'Choose a time from now to the end of the year 9999, or none.'
  },
  cursor_invalid: {
    status: 400,
    title: 'Cursor invalid',
    action: 'Give the `next` of an earlier page of the same list, or begin again without a cursor.'
  },
  credential_name_invalid: {
    status: 400,
    title: 'Credential name invalid',
    action: 'Correct the names as `detail` says.'
  },
  credential_key_invalid: {
    status: 400,
    title: 'Credential key invalid',
    action: 'Give the key as the upstream issued it.'
  },
  tenant_not_found: {
    status: 404,
    title: 'Tenant not found',
    action: 'Check the name against the list of tenants.'
  },
  tenant_exists: {
    status: 409,
    title: 'Tenant exists',
    action: 'Choose another name, or change the tenant that has this one.'
  },
  grant_covered: {
    status: 409,
    title: 'Grant covered by another',
    action: 'Grant the connectors that the tenant is to keep one by one, then remove *.'
  },
  key_not_found: { status: 404, title: 'Key not found', action: 'Check the id against the list of keys.' },
  key_revoked: { status: 409, title: 'Key revoked', action: issueOrRotate },
  key_expired: { status: 409, title: 'Key expired', action: issueOrRotate },
  key_replaced: {
    status: 409,
    title: 'Key replaced',
    action:
      'Rotate the key that took its place, as `detail` says, or issue a new one where that has ended too.'
  },
  credential_not_found: {
    status: 404,
    title: 'Credential not found',
    action: 'Check the name against the list of credentials; what is not there has to be added first.'
  },
  credential_exists: {
    status: 409,
    title: 'Credential exists',
    action: 'Choose another name, or rotate the credential that has this one.'
  },
  credential_in_use: {
    status: 409,
    title: 'Credential in use',
    action: 'Give the tenants that use it other credentials first.'
  },
  credential_not_sealed: {
    status: 409,
    title: 'Credential not sealed',
    action: 'Seal its key first, by a rotation with --seal.'
  },
  credential_reference_cut: {
    status: 400,
    title: 'Credential reference cut off',
    action: 'Write the whole command of the reference.'
  },
  credential_unchanged: {
    status: 409,
    title: 'Credential unchanged',
    action: 'Give a key that differs from the present one.'
  },
  credential_refused: {
    status: 409,
    title: 'Credential refused by the upstream',
    action: 'Check the key at the upstream, and give one that it takes.'
  },
  credential_unproven: {
    status: 409,
    title: 'Credential not proven',
    action: 'Try again, or skip the proof by --no-proof.'
  },
  state_changed: {
    status: 409,
    title: 'State changed meanwhile',
    action: 'Look at the present state, then try again.'
  },
  admin_key_name_invalid: {
    status: 400,
    title: 'Admin key name invalid',
    action: 'Choose a name of the form that `detail` describes.'
  },
  request_not_found: {
    status: 404,
    title: 'Request not found',
    action:
      'Check the id: it is the X-Request-Id of an answer. The log also has requests that the ledger only counted.'
  }
} as const satisfies Record<string, RefusalKind>

export type RefusalCode = keyof typeof refusalTable

/** Whether a domain's rules refuse a change, or a question. Nothing was changed then. */
export function isRefusal(error: unknown): error is DomainError<RefusalCode> {
  return error instanceof DomainError && Object.hasOwn(refusalTable, error.code)
}
