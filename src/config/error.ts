import type { ErrorObject } from 'ajv'
import { DomainError } from '../base/domain-error.ts'

/** One fault in the configuration: the setting's name and what it should be. Never its value: it may be a secret. */
export type ConfigIssue = {
  readonly key: string
  readonly detail: string
  /** Where the setting was given: `environment`, or FILE:LINE:COLUMN. None for a default. */
  readonly source?: string
}

/** One line for people. */
export function describeIssue({ key, detail, source }: ConfigIssue): string {
  // Of a file that is wrong as a whole the place says its name as well.
  if (source?.startsWith(`${key}:`)) return `${source}: ${detail}`
  return `${key}: ${detail}${source === undefined ? '' : ` (${source})`}`
}

/** The setting that a fault is about, e.g. of `GATEWAY_JWT_ISSUERS[0].jwks` the first word. */
export function settingOf({ key }: ConfigIssue): string {
  return /^[A-Z0-9_]*/.exec(key)?.[0] ?? ''
}

/** Where each setting was given, and in a file each member: see ConfigIssue. */
export type ConfigSources = ReadonlyMap<string, string>

/** A fault with the place of its setting, or of the nearest part of it that has one. */
export function locateIssues(fault: ConfigIssue, sources: ConfigSources): ConfigIssue {
  if (fault.source !== undefined) return fault
  for (let path = fault.key; path !== ''; path = path.replace(/(?:^|\.|\[)[^.[]*$/, '')) {
    const source = sources.get(path)
    if (source !== undefined) return { ...fault, source }
  }
  return fault
}

/** The configuration is not usable. Holds every fault at once, and sentences about what else is worth a look. */
export class ConfigError extends DomainError<'configuration_invalid'> {
  override readonly name = 'ConfigError'
  readonly faults: readonly ConfigIssue[]
  readonly warnings: readonly string[]
  constructor(faults: readonly ConfigIssue[], warnings: readonly string[] = []) {
    super('configuration_invalid', faults.map(fault => `${fault.key}: ${fault.detail}`).join('; '))
    this.faults = faults
    this.warnings = warnings
  }
}

/**
 * Errors of a schema as faults, one for each place, with the way to it, e.g. `GATEWAY_JWT_ISSUERS[0].jwks`. What should be
 * there is the description in the schema; of a member whose name has not the form that it should have, `nameForm` of the
 * schema. Of a member of the whole that the schema does not know `unknown` says what is to be said. Needs errors that Ajv made
 * with `allErrors` and `verbose`.
 */
export function schemaIssues(
  errors: readonly ErrorObject[] | null | undefined,
  unknown: (name: string) => string
): ConfigIssue[] {
  const faults = new Map<string, ConfigIssue>()
  for (const error of errors ?? []) {
    const fault = schemaFault(error, unknown)
    faults.set(fault.key, fault)
  }
  return [...faults.values()]
}

function schemaFault(
  { instancePath, params, keyword, parentSchema }: ErrorObject,
  unknown: (name: string) => string
): ConfigIssue {
  const { additionalProperty, missingProperty } = params as Record<string, string | undefined>
  const steps = instancePath.split('/').slice(1)
  const key = pathOf([...steps, additionalProperty ?? missingProperty].filter(step => step !== undefined))
  if (keyword === 'required') return { key, detail: 'is required' }
  if (keyword !== 'additionalProperties') return { key, detail: `must be ${parentSchema?.['description']}` }
  if (parentSchema?.['nameForm']) return { key, detail: `must be named by ${parentSchema['nameForm']}` }
  const known = Object.keys(parentSchema?.['properties'] ?? {}).join(', ')
  return { key, detail: steps.length === 0 ? unknown(key) : `is not a member, which are: ${known}` }
}

/** The steps to a member as one text, e.g. `GATEWAY_JWT_ISSUERS[0].jwks`. */
export function pathOf(steps: readonly string[]): string {
  return steps
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step, index) => (/^[0-9]+$/.test(step) ? `[${step}]` : `${index === 0 ? '' : '.'}${step}`))
    .join('')
}
