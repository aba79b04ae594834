/** What one kind of refusal means. The table below is the only place where such a row is written. */
export type RefusalKind = {
  /** HTTP status of an answer that carries it. 400: the input is wrong in itself; else the store's state says no. */
  readonly status: 400 | 404 | 409
  readonly title: string
}

/** The closed table of why an administrative change, or a question, is refused. */
export const refusalTable = {
  tenant_name_invalid: { status: 400, title: 'Tenant name invalid' },
  limit_invalid: { status: 400, title: 'Limit invalid' },
  connector_id_invalid: { status: 400, title: 'Connector id invalid' },
  operation_invalid: { status: 400, title: 'Operation invalid' },
  address_range_invalid: { status: 400, title: 'Address range invalid' },
  expiry_invalid: { status: 400, title: 'Expiry invalid' },
  cursor_invalid: { status: 400, title: 'Cursor invalid' },
  credential_name_invalid: { status: 400, title: 'Credential name invalid' },
  credential_key_invalid: { status: 400, title: 'Credential key invalid' },
  tenant_not_found: { status: 404, title: 'Tenant not found' },
  tenant_exists: { status: 409, title: 'Tenant exists' },
  grant_covered: { status: 409, title: 'Grant covered by another' },
  key_not_found: { status: 404, title: 'Key not found' },
  key_revoked: { status: 409, title: 'Key revoked' },
  key_expired: { status: 409, title: 'Key expired' },
  key_replaced: { status: 409, title: 'Key replaced' },
  credential_not_found: { status: 404, title: 'Credential not found' },
  credential_exists: { status: 409, title: 'Credential exists' },
  credential_in_use: { status: 409, title: 'Credential in use' },
  credential_not_sealed: { status: 409, title: 'Credential not sealed' },
  credential_reference_cut: { status: 400, title: 'Credential reference cut off' },
  credential_unchanged: { status: 409, title: 'Credential unchanged' },
  credential_refused: { status: 409, title: 'Credential refused by the upstream' },
  credential_unproven: { status: 409, title: 'Credential not proven' },
  state_changed: { status: 409, title: 'State changed meanwhile' },
  admin_key_name_invalid: { status: 400, title: 'Admin key name invalid' },
  request_not_found: { status: 404, title: 'Request not found' }
} as const satisfies Record<string, RefusalKind>

export type RefusalCode = keyof typeof refusalTable

/** A refusal's code, also of one that has crossed threads, which keeps its name and its code but not its class. */
export function refusalCodeOf(error: unknown): RefusalCode | undefined {
  const { name, code = '' } = (error ?? {}) as { name?: string; code?: string }
  return name === 'Refusal' && Object.hasOwn(refusalTable, code) ? (code as RefusalCode) : undefined
}

/** A change, or a question, that the tenants' rules do not allow. Nothing was changed. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode
  constructor(code: RefusalCode, detail: string) {
    super(detail)
    this.code = code
  }
}
