import { type Static, Type } from '@sinclair/typebox'
import { GrantedConnector } from '../../contract/admin-schemas.ts'
import { nameForm, nameInWords, strict } from '../../contract/schemas.ts'
import { settingSchemas } from '../../tenants/tenant-settings.ts'

/** A tenant in a state file. What is left out has its default; of connectors that is none. */
const Tenant = Type.Partial(
  Type.Object({
    disabled: Type.Boolean({ description: 'true or false' }),
    ...settingSchemas,
    credentials: { ...settingSchemas.credentials, uniqueItems: true },
    connectors: Type.Array(GrantedConnector, { description: `a list of connector ids, or ["*"] for all` })
  }),
  { ...strict, description: "a mapping of the tenant's settings and connectors" }
)

/** A credential by reference, or one whose key the store holds already. Never a key. */
const Credential = Type.Object(
  {
    from: Type.Optional(
      Type.String({
        // A plan prints references: control characters would reach the terminal.
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

/** A state file. Without `credentials` it leaves all of them as they are. */
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
  { ...strict, description: 'a mapping with tenants and, optionally, credentials' }
)

export type StateDocument = Static<typeof StateSchema>
export type TenantDocument = Static<typeof Tenant>
export type CredentialDocument = Static<typeof Credential>
