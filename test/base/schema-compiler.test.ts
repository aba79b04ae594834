import { Ajv } from 'ajv'
import { expect, it } from 'vitest'
import adminDocument from '../../openapi/admin.json' with { type: 'json' }
import publicDocument from '../../openapi/gateway.json' with { type: 'json' }
import { StateSchema } from '../../src/cli/input/state-schema.ts'
import { formats } from '../../src/config/authentication.ts'
import { ConfigSchema } from '../../src/config/schema.ts'

const ajv = new Ajv({ strict: false, formats, validateFormats: false })

/** Every schema in a description of a listener: of parameters, bodies, answers and components. */
function schemasIn(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  const members = Object.entries(value)
  return members.flatMap(([name, member]) => {
    if (name === 'schema') return [member]
    return name === 'schemas' ? Object.values(member as object) : schemasIn(member)
  })
}

it.each([
  ['the settings', [ConfigSchema]],
  ['a state file', [StateSchema]],
  ['the public listener', schemasIn(publicDocument)],
  ['the admin listener', schemasIn(adminDocument)]
])('the schemas of %s are valid JSON Schema', (_, schemas) => {
  expect(schemas.length).toBeGreaterThan(0)
  for (const schema of schemas) expect(ajv.validateSchema(schema as object), ajv.errorsText()).toBe(true)
})
