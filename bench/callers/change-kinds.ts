import { connector, type Subject } from './subjects.ts'

/** A change that a gateway has to follow, and how it is seen. */
export type ChangeKind = {
  readonly name: string
  /** Whether the tenant has the connector before. */
  readonly isGranted: boolean
  /** What its call gets before and after. */
  readonly statuses: readonly [before: number, after: number]
  /** The command, and the request to the admin listener, that make it. */
  readonly command: (subject: Subject) => readonly string[]
  readonly request: (subject: Subject) => {
    readonly method: string
    readonly path: string
    readonly body?: string
  }
}

export const changeKinds: readonly ChangeKind[] = [
  {
    name: 'a key revoked',
    isGranted: true,
    statuses: [200, 401],
    command: ({ keyId }) => ['key', 'revoke', keyId],
    request: ({ keyId }) => ({ method: 'DELETE', path: `/admin/keys/${keyId}` })
  },
  {
    name: 'a tenant disabled',
    isGranted: true,
    statuses: [200, 401],
    command: ({ tenant }) => ['tenant', 'disable', tenant],
    request: ({ tenant }) => ({
      method: 'PATCH',
      path: `/admin/tenants/${tenant}`,
      body: '{"disabled":true}'
    })
  },
  {
    name: 'a grant removed',
    isGranted: true,
    statuses: [200, 404],
    command: ({ tenant }) => ['grant', 'remove', tenant, connector],
    request: ({ tenant }) => ({ method: 'DELETE', path: `/admin/tenants/${tenant}/grants/${connector}` })
  },
  {
    name: 'a grant added',
    isGranted: false,
    statuses: [404, 200],
    command: ({ tenant }) => ['grant', 'add', tenant, connector],
    request: ({ tenant }) => ({ method: 'PUT', path: `/admin/tenants/${tenant}/grants/${connector}` })
  }
]
