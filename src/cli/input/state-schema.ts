import { type Static, Type } from '@sinclair/typebox'
import { operations } from '../../contract/operations.ts'
import { ConnectorId, nameForm, nameInWords, strict } from '../../contract/schemas.ts'
import { largestTenantLimit } from '../../tenants/tenant-limits.ts'

const Limit = Type.Integer({
  minimum: 1,
  maximum: largestTenantLimit,
  description: `a whole number from 1 to ${largestTenantLimit}`
})

const Operation = Type.Unsafe<string>({
  type: 'string',
  enum: operations,
  description: `one of ${operations.join(', ')}`
})

const CredentialName = Type.String({
  pattern: nameForm,
  description: `a credential's name, ${nameInWords}`
})

/** What can be said of a tenant. What is left out has its default; of connectors that is none. */
const Tenant = Type.Object(
  {
    disabled: Type.Optional(Type.Boolean({ description: 'true or false' })),
    rate_per_minute: Type.Optional(Limit),
    burst: Type.Optional(Limit),
    operations: Type.Optional(
      Type.Array(Operation, { description: 'a list of operations; an empty one permits none' })
    ),
    addresses: Type.Optional(
      Type.Array(Type.String({ description: 'an address range in quotes, such as "10.0.0.0/8"' }), {
        minItems: 1,
        description: 'a list of one address range or more; left out, any address is admitted'
      })
    ),
    credentials: Type.Optional(
      Type.Array(CredentialName, {
        minItems: 1,
        uniqueItems: true,
        description: "a list of one credential's name or more, each once"
      })
    ),
    connectors: Type.Optional(
      Type.Array(
        Type.String({
          pattern: `^\\*$|${ConnectorId.pattern}`,
          description: "a connector's id, a UUID, or '*' for all"
        }),
        { description: "a list of connector ids, or ['*'] for all" }
      )
    )
  },
  { ...strict, description: 'a mapping of what is to be so for the tenant' }
)

/** A credential by reference, or one that is sealed in the store already. Never a key. */
const Credential = Type.Object(
  {
    from: Type.Optional(
      Type.String({
        // Text that a terminal would take for more than text has no place in a plan.
        pattern:
          '^((env|file):[^\\u0000-\\u001f\\u007f-\\u009f]+|exec:[^\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]+)$',
        description: 'a reference, env:NAME, file:PATH or exec:COMMAND (never the secret itself)'
      })
    ),
    sealed: Type.Optional(Type.Literal(true, { description: 'true, or left out' }))
  },
  {
    ...strict,
    minProperties: 1,
    maxProperties: 1,
    description: 'a mapping of one member, from: REFERENCE or sealed: true'
  }
)

/** A file of state: `tenants`, and `credentials` when it says something of them. */
export const StateSchema = Type.Object(
  {
    tenants: Type.Record(Type.String({ pattern: nameForm }), Tenant, {
      ...strict,
      nameForm: nameInWords,
      description: 'a mapping of tenants by name; {} for none'
    }),
    credentials: Type.Optional(
      Type.Record(Type.String({ pattern: nameForm }), Credential, {
        ...strict,
        nameForm: nameInWords,
        description: 'a mapping of credentials by name; {} for none'
      })
    )
  },
  { ...strict, description: 'a mapping of tenants and, if need be, credentials' }
)

export type StateDocument = Static<typeof StateSchema>
export type TenantDocument = Static<typeof Tenant>
export type CredentialDocument = Static<typeof Credential>
