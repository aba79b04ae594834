import type { ErrorObject } from 'ajv'
import type { ConfigFault } from './config.ts'

/**
 * An error of the schema as a fault, with the way to what is wrong, e.g. `GATEWAY_JWT_ISSUERS[0].jwks`. What it should
 * be is the description in the schema; of a member whose name has not the form that it should have, `nameForm` of the schema.
 * Needs errors that Ajv made with `verbose`.
 */
export function schemaFault(
  { instancePath, params, keyword, parentSchema }: ErrorObject,
  unknown = 'is not a setting'
): ConfigFault {
  const { additionalProperty, missingProperty } = params as Record<string, string | undefined>
  const steps = instancePath.split('/').slice(1)
  const key = pathOf([...steps, additionalProperty ?? missingProperty].filter(step => step !== undefined))
  if (keyword === 'required') return { key, detail: 'is required' }
  if (keyword !== 'additionalProperties') return { key, detail: `must be ${parentSchema?.['description']}` }
  if (parentSchema?.['nameForm']) return { key, detail: `must be named by ${parentSchema['nameForm']}` }
  const known = Object.keys(parentSchema?.['properties'] ?? {}).join(', ')
  return { key, detail: steps.length === 0 ? unknown : `is not a member, which are: ${known}` }
}

function pathOf(steps: readonly string[]): string {
  return steps
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step, index) => (/^[0-9]+$/.test(step) ? `[${step}]` : `${index === 0 ? '' : '.'}${step}`))
    .join('')
}
