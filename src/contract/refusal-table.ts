import { DomainError } from '../base/domain-error.ts'

type RefusalKind = {
  /** HTTP status of the answer. 400: the input is wrong in itself; else the state of the store forbids it. */
  readonly status: 400 | 404 | 409
  /** What to do about it, by HTTP as well as by the command line. */
  readonly action: string
}

const issueOrRotate =
  'Rotate the key that took its place, where `detail` names one; issue a new key otherwise.'

/** The closed table of the reasons why an administrative change, or a query, is refused. */
export const refusalTable = {
  tenant_name_invalid: { status: 400, action: 'Choose a name of the form that `detail` describes.' },
  limit_invalid: { status: 400, action: 'Give a limit within the range that `detail` names.' },
  connector_id_invalid: {
    status: 400,
    action: 'Give the id of a connector, a UUID, or * for every connector.'
  },
  operation_invalid: { status: 400, action: 'Name only operations that `detail` lists.' },
  address_range_invalid: { status: 400, action: 'Write the range in the form that `detail` shows.' },
  expiry_invalid: { status: 400, action: 'Choose a time from now to the end of the year 9999, or none.' },
  cursor_invalid: {
    status: 400,
    action: 'Give the `next` of an earlier page of the same list, or begin again without a cursor.'
  },
  credential_name_invalid: { status: 400, action: 'Correct the names as `detail` says.' },
  credential_key_invalid: { status: 400, action: 'Give the key as the upstream issued it.' },
  tenant_not_found: { status: 404, action: 'Check the name against the list of tenants.' },
  tenant_exists: { status: 409, action: 'Choose another name, or change the tenant that has this one.' },
  grant_covered: {
    status: 409,
    action: 'Grant the connectors that the tenant is to keep one by one, then remove *.'
  },
  key_not_found: { status: 404, action: 'Check the id against the list of keys.' },
  key_revoked: { status: 409, action: issueOrRotate },
  key_expired: { status: 409, action: issueOrRotate },
  key_replaced: {
    status: 409,
    action:
      'Rotate the key that took its place, as `detail` says, or issue a new one where that has ended too.'
  },
  credential_not_found: {
    status: 404,
    action: 'Check the name against the list of credentials; what is not there has to be added first.'
  },
  credential_exists: {
    status: 409,
    action: 'Choose another name, or rotate the credential that has this one.'
  },
  credential_in_use: { status: 409, action: 'Give the tenants that use it other credentials first.' },
  credential_not_sealed: { status: 409, action: 'Seal its key first, by a rotation with --seal.' },
  credential_reference_cut: { status: 400, action: 'Write the whole command of the reference.' },
  credential_unchanged: { status: 409, action: 'Give a key that differs from the present one.' },
  credential_refused: { status: 409, action: 'Check the key at the upstream, and give one that it takes.' },
  credential_unproven: { status: 409, action: 'Try again, or skip the verification by --no-proof.' },
  state_changed: { status: 409, action: 'Look at the present state, then try again.' },
  admin_key_name_invalid: { status: 400, action: 'Choose a name of the form that `detail` describes.' },
  request_not_found: {
    status: 404,
    action:
      'Check the id: it is the X-Request-Id of an answer. The log also has requests that the ledger only counted.'
  }
} as const satisfies Record<string, RefusalKind>

export type RefusalCode = keyof typeof refusalTable

/** Whether a rule of the domains refused a change or a query. Nothing was changed then. */
export function isRefusal(error: unknown): error is DomainError<RefusalCode> {
  return error instanceof DomainError && Object.hasOwn(refusalTable, error.code)
}
