import { type Static, type TSchema, type TUnsafe, Type } from '@sinclair/typebox'
import { GrantedConnector, TenantName, Time, TimeOrNull } from '../contract/admin-schemas.ts'
import { permissions } from '../contract/permissions.ts'
import { strict } from '../contract/schemas.ts'
import { type SettingName, settingSchemas } from './tenant-settings.ts'

type Settings = typeof settingSchemas

/** Settings in the body of a request, where every list has a bound. */
const bodySettings: Settings = {
  ...settingSchemas,
  operations: { ...settingSchemas.operations, maxItems: permissions.length },
  addresses: {
    ...settingSchemas.addresses,
    maxItems: 100,
    items: { ...settingSchemas.addresses.items, maxLength: 64 }
  },
  credentials: { ...settingSchemas.credentials, maxItems: 20 }
}

/** The body that creates a tenant. */
export const NewTenantBody = Type.Object(
  {
    name: TenantName,
    ...Type.Partial(Type.Object(bodySettings)).properties,
    connectors: Type.Optional(Type.Array(GrantedConnector, { maxItems: 300 }))
  },
  { ...strict, description: 'a JSON object with a name', examples: [{ name: 'acme', connectors: ['*'] }] }
)

/** The body that changes a tenant. */
export const TenantUpdateBody = Type.Partial(
  Type.Object({
    ...(eachSchema(orDefault) as { [Name in SettingName]: TUnsafe<Static<Settings[Name]> | null> }),
    disabled: Type.Boolean({ description: 'true or false' })
  }),
  {
    ...strict,
    minProperties: 1,
    description: 'a JSON object with what is to change',
    examples: [{ rate_per_minute: 120 }, { disabled: true }]
  }
)

const facts = {
  tenant: TenantName,
  disabled: Type.Boolean(),
  created_at: Time,
  disabled_at: TimeOrNull,
  ...(eachSchema(shown) as { [Name in SettingName]: TUnsafe<Readonly<Static<Settings[Name]>>> }),
  addresses: Type.Union([shown(Type.Array(Type.String())), Type.Null()], {
    description: 'null: from anywhere'
  })
}

/** A tenant as operators see it. */
export const TenantView = Type.Object(facts)
export type TenantView = Static<typeof TenantView>

/** A tenant with its grants. */
export const TenantDetails = Type.Object(
  { ...facts, connectors: shown(Type.Array(GrantedConnector)) },
  { description: 'The tenant, with all that is granted to it.' }
)
export type TenantDetails = Static<typeof TenantDetails>

/** A tenant after an update, with the names of what the update changed. */
export const TenantUpdated = Type.Object(
  {
    ...TenantDetails.properties,
    changed: Type.Unsafe<readonly string[]>({
      ...Type.Array(Type.String()),
      description: 'The names of what changed; none when the tenant already was as asked.'
    })
  },
  { description: 'The tenant as it is now.' }
)
export type TenantUpdated = Static<typeof TenantUpdated>

function eachSchema(schema: (setting: TSchema) => TSchema): unknown {
  return Object.fromEntries(Object.entries(bodySettings).map(([name, setting]) => [name, schema(setting)]))
}

/** A setting, or null for its default. */
function orDefault(setting: TSchema): TSchema {
  const description = `${setting.description}; or null for the default`
  return Type.Unsafe({ ...setting, type: [setting['type'], 'null'], description })
}

/** A value in an answer, without the bounds of input. */
function shown<T extends TSchema>({ type, items }: T): TUnsafe<Readonly<Static<T>>> {
  return Type.Unsafe({ type, ...(items && { items }) })
}
