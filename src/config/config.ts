import { Ajv } from 'ajv'
import { schemaCompilerOptions } from '../base/schema-compiler.ts'
import { formats } from './authentication.ts'
import { type Environment, environmentWarnings, isSet } from './environment.ts'
import { ConfigError, type ConfigIssue, type ConfigSources, locateIssues, schemaIssues } from './error.ts'
import { readConfigFile } from './file.ts'
import { ruleIssues, splitList } from './rules.ts'
import { ConfigSchema, type SettingName, type Settings } from './schema.ts'
import { serviceLinks } from './service-links.ts'
import { normalizeForm, suggestionFor, withSuggestion } from './suggestions.ts'
import type { TlsFiles } from './tls-files.ts'

/** Of GATEWAY_ADMIN_PORT `adminPort`. */
type MemberName<Name extends string> = Name extends `GATEWAY_${infer Words}`
  ? Uncapitalize<CamelCase<Words>>
  : never
type CamelCase<Words extends string> = Words extends `${infer Word}_${infer Rest}`
  ? `${Capitalize<Lowercase<Word>>}${CamelCase<Rest>}`
  : Capitalize<Lowercase<Words>>

type PlainConfig = { readonly [Name in SettingName as MemberName<Name>]: Settings[Name] }

/** The validated settings, by the names that the program uses. Frozen. */
export type Config = Omit<
  PlainConfig,
  'execEnvironment' | 'trustedProxies' | 'tlsCert' | 'tlsKey' | 'tlsClientCa'
> & {
  readonly execEnvironment: readonly string[]
  readonly trustedProxies: readonly string[]
  /** Null: the public listener speaks plain HTTP. */
  readonly tls: TlsFiles | null
  /** Whether the upstream key may be missing where the store holds credentials. */
  readonly upstreamKeyIsDefault: boolean
  /** Whether the first start may make the master key. */
  readonly masterKeyIsDefault: boolean
  readonly warnings: readonly string[]
  /** Where each setting was given; none for defaults. */
  readonly sources: ConfigSources
}

/**
 * Reads `file` (gateway.yaml in the working directory when it exists) and then `env`, which wins.
 * Throws ConfigError with all faults.
 */
export function loadConfig(env: Environment, file?: string): Config {
  const { config, faults } = readConfig(env, file)
  if (faults.length > 0) throw new ConfigError(faults)
  return config
}

export type ConfigRead = {
  readonly config: Config
  readonly faults: readonly ConfigIssue[]
  /** False when the file could not be read: its settings have defaults here. */
  readonly isWhole: boolean
}

/** As `loadConfig`, without throwing: a faulty setting has its default, so that the others can be used. */
export function readConfig(env: Environment, file?: string): ConfigRead {
  const links = serviceLinks(env)
  const inFile = readConfigFile(file)
  const sources = new Map(inFile.places)
  // Without a prototype: it holds a member `__proto__` like any other.
  const given: Record<string, unknown> = Object.create(null)
  for (const [name, value] of Object.entries(inFile.settings)) given[name] = inForm(name, value)
  for (const name of settingNames) {
    if (!isSet(env, name) || links.includes(name)) continue
    given[name] = inForm(name, env[name])
    for (const path of inFile.places.keys()) if (isPartOf(path, name)) sources.delete(path)
    sources.set(name, 'environment')
  }
  const faults = [...inFile.faults, ...settingIssues({ ...defaults, ...given })]
  const settings = { ...defaults, ...withoutFaulty(given, faults) } as Settings
  const { tlsCert: certificate, tlsKey: key, tlsClientCa: clientAuthority, ...plain } = plainConfig(settings)
  const execEnvironment = splitList(settings.GATEWAY_EXEC_ENVIRONMENT)
  const upstreamOrigin = new URL(settings.GATEWAY_UPSTREAM_ORIGIN).origin
  const config: Config = Object.freeze({
    ...plain,
    upstreamOrigin,
    execEnvironment,
    trustedProxies: splitList(settings.GATEWAY_TRUSTED_PROXIES),
    tls: certificate === '' ? null : { certificate, key, clientAuthority: clientAuthority || null },
    upstreamKeyIsDefault: given['GATEWAY_UPSTREAM_KEY'] === undefined,
    masterKeyIsDefault: given['GATEWAY_MASTER_KEY'] === undefined,
    warnings: environmentWarnings(env, {
      links,
      execEnvironment,
      outside: [upstreamOrigin, ...settings.GATEWAY_JWT_ISSUERS.map(({ jwks }) => jwks)]
    }),
    sources
  })
  return {
    config,
    faults: faults.map(fault => locateIssues(fault, sources)),
    isWhole: inFile.faults.length === 0
  }
}

const settingNames = Object.keys(ConfigSchema.properties) as SettingName[]
const defaults: Readonly<Record<string, unknown>> = Object.fromEntries(
  Object.entries(ConfigSchema.properties).map(([name, schema]) => [name, schema.default])
)

function inForm(name: string, value: unknown): unknown {
  return Object.hasOwn(ConfigSchema.properties, name) ? normalizeForm(name as SettingName, value) : value
}

function isPartOf(path: string, name: string): boolean {
  return path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`)
}

function withoutFaulty(settings: Readonly<Record<string, unknown>>, faults: readonly ConfigIssue[]) {
  const sound = Object.entries(settings).filter(([name]) => !faults.some(({ key }) => isPartOf(key, name)))
  return Object.fromEntries(sound)
}

const validate = new Ajv({
  ...schemaCompilerOptions,
  allErrors: true,
  strict: false,
  verbose: true,
  formats,
  // It runs once: shorter code would not pay for its making.
  code: { optimize: false }
}).compile(ConfigSchema)

function settingIssues(settings: Readonly<Record<string, unknown>>): ConfigIssue[] {
  validate(settings)
  const ofForm = schemaIssues(validate.errors, name => `is not a setting${suggestionFor(name)}`)
  const ofRules = ruleIssues(withoutFaulty(settings, ofForm))
  return [...ofForm, ...ofRules].map(issue => withSuggestion(issue, settings))
}

function plainConfig(settings: Settings): PlainConfig {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [memberName(name), value])
  ) as PlainConfig
}

function memberName(name: string): string {
  const words = name.replace(/^GATEWAY_/, '').toLowerCase()
  return words.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
