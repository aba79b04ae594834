import { nearestName } from '../base/nearest-name.ts'
import type { ConfigIssue } from './error.ts'
import { ConfigSchema, type SettingName } from './schema.ts'

/** Comma-separated settings: a YAML list means the same. */
const commaSeparated: ReadonlySet<SettingName> = new Set([
  'GATEWAY_EXEC_ENVIRONMENT',
  'GATEWAY_TRUSTED_PROXIES'
])

/** Levels of other programs. */
const levelsElsewhere: Readonly<Record<string, string>> = {
  trace: 'debug',
  verbose: 'debug',
  information: 'info',
  notice: 'info',
  warning: 'warn',
  err: 'error',
  critical: 'fatal',
  off: 'silent',
  none: 'silent'
}

/** Converts other spellings of a value: numbers as text, lists as JSON, levels in capitals. Returns any other value unchanged. */
export function normalizeForm(name: SettingName, value: unknown): unknown {
  if (commaSeparated.has(name)) return fromList(value)
  if (typeof value !== 'string') return value
  const { type } = ConfigSchema.properties[name]
  if (type === 'array') return jsonOf(value)
  if (name === 'GATEWAY_LOG_LEVEL') return value.toLowerCase()
  return type === 'integer' && /^[0-9]{1,15}$/.test(value) ? Number(value) : value
}

function fromList(value: unknown): unknown {
  const list = typeof value === 'string' && value.startsWith('[') ? jsonOf(value) : value
  return Array.isArray(list) && list.every(item => typeof item === 'string') ? list.join(',') : value
}

function jsonOf(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

/** Adds a hint at what was probably meant, without any of the value. */
export function withSuggestion(issue: ConfigIssue, settings: Readonly<Record<string, unknown>>): ConfigIssue {
  const value = settings[issue.key]
  if (typeof value !== 'string') return issue
  return { ...issue, detail: `${issue.detail}${hintOf(issue.key, value)}` }
}

function hintOf(name: string, value: string): string {
  if (/^(["'`]).*\1$/s.test(value)) return '; remove the quotes'
  if (value.toUpperCase().startsWith(`${name}=`))
    return '; it begins with the name of the setting: write only the value'
  if (value !== value.trim()) return '; remove the white space around it'
  const level = name === 'GATEWAY_LOG_LEVEL' && (levelsElsewhere[value] ?? nearestName(value, levels))
  return level ? `: did you mean ${level}?` : ''
}

const levels: readonly string[] = ConfigSchema.properties.GATEWAY_LOG_LEVEL['enum']
const settingNames = Object.keys(ConfigSchema.properties)

/** The settings that unknown names probably mean, with or without prefix, as the end of a sentence. */
export function suggestionFor(...names: readonly string[]): string {
  const meant = names
    .map(name => nearestName(name, settingNames) ?? nearestName(`GATEWAY_${name}`, settingNames))
    .filter(name => name !== null)
  return meant.length === 0 ? '' : `: did you mean ${meant.join(', ')}?`
}
