import type { ErrorObject } from 'ajv'
import { DomainError } from '../base/domain-error.ts'

/** A setting and what is wrong with it. Never its value, which may be a secret. */
export type ConfigIssue = {
  readonly key: string
  readonly detail: string
  /** Where the setting was given: `environment`, or FILE:LINE:COLUMN. None for a default. */
  readonly source?: string
}

/** One line for people. */
export function describeIssue({ key, detail, source }: ConfigIssue): string {
  // The source of a fault of a whole file begins with its name.
  if (source?.startsWith(`${key}:`)) return `${source}: ${detail}`
  return `${key}: ${detail}${source === undefined ? '' : ` (${source})`}`
}

/** The setting's name: of `GATEWAY_JWT_ISSUERS[0].jwks` the first word. */
export function settingOf({ key }: ConfigIssue): string {
  return /^[A-Z0-9_]*/.exec(key)?.[0] ?? ''
}

/** Where each setting was given, and each member in a file: see `ConfigIssue`. */
export type ConfigSources = ReadonlyMap<string, string>

/** Adds the source of the setting, or of the nearest part of it that has one. */
export function locateIssues(issue: ConfigIssue, sources: ConfigSources): ConfigIssue {
  if (issue.source !== undefined) return issue
  for (let path = issue.key; path !== ''; path = path.replace(/(?:^|\.|\[)[^.[]*$/, '')) {
    const source = sources.get(path)
    if (source !== undefined) return { ...issue, source }
  }
  return issue
}

/** The configuration is unusable: all faults, and warnings. */
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
 * One issue for each path, with what the schema expects there (its description or `nameForm`); `unknown` describes unknown
 * top-level members. Ajv must run with `allErrors` and `verbose`.
 */
export function schemaIssues(
  errors: readonly ErrorObject[] | null | undefined,
  unknown: (name: string) => string
): ConfigIssue[] {
  const issues = (errors ?? []).map(error => schemaIssue(error, unknown))
  return [...new Map(issues.map(issue => [issue.key, issue])).values()]
}

function schemaIssue(
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

/** The path to a member, such as `GATEWAY_JWT_ISSUERS[0].jwks`, from the steps of a JSON pointer. */
export function pathOf(steps: readonly string[]): string {
  return steps
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step, index) => (/^[0-9]+$/.test(step) ? `[${step}]` : `${index === 0 ? '' : '.'}${step}`))
    .join('')
}
