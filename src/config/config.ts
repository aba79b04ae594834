import { Ajv } from 'ajv'
import { formats } from './authentication.ts'
import { type Environment, environmentWarnings, isSet } from './environment.ts'
import { ConfigError, type ConfigIssue, type ConfigSources, locateIssues, schemaIssues } from './error.ts'
import { readConfigFile } from './file.ts'
import { ruleIssues, splitList } from './rules.ts'
import { ConfigSchema, type SettingName, type Settings } from './schema.ts'
import { serviceLinks } from './service-links.ts'
import { normalizeForm, suggestionFor, withSuggestion } from './suggestions.ts'
import type { TlsFiles } from './tls-files.ts'

/** The program's name of a setting: of GATEWAY_ADMIN_PORT `adminPort`. */
type MemberName<Name extends string> = Name extends `GATEWAY_${infer Words}`
  ? Uncapitalize<CamelCase<Words>>
  : never
type CamelCase<Words extends string> = Words extends `${infer Word}_${infer Rest}`
  ? `${Capitalize<Lowercase<Word>>}${CamelCase<Rest>}`
  : Capitalize<Lowercase<Words>>

type PlainConfig = { readonly [Name in SettingName as MemberName<Name>]: Settings[Name] }

/** The settings, validated, by the program's names. Frozen: it is read once, at start. */
export type Config = Omit<
  PlainConfig,
  'execEnvironment' | 'trustedProxies' | 'tlsCert' | 'tlsKey' | 'tlsClientCa'
> & {
  readonly execEnvironment: readonly string[]
  readonly trustedProxies: readonly string[]
  /** Null: the public listener speaks plain HTTP. */
  readonly tls: TlsFiles | null
  /** True when nobody chose an upstream key: it may be missing where the store holds credentials. */
  readonly upstreamKeyIsDefault: boolean
  /** True when nobody chose a master key: the embedded default may be made at first start. */
  readonly masterKeyIsDefault: boolean
  /** Sentences about variables that may not do what is expected of them. */
  readonly warnings: readonly string[]
  /** Where each setting was given that has not its default. */
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

/** What was read, sound or not. */
export type ConfigRead = {
  readonly config: Config
  readonly faults: readonly ConfigIssue[]
  /** False when nothing of the file could be read: then other settings hold than were meant. */
  readonly isWhole: boolean
}

/** As `loadConfig`, without throwing: of a setting that has a fault, `config` has the default, so that the others can be used. */
export function readConfig(env: Environment, file?: string): ConfigRead {
  const links = serviceLinks(env)
  const inFile = readConfigFile(file)
  const sources = new Map(inFile.places)
  // Without a prototype: a member of any name is found, `__proto__` too.
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

/** The settings of which no part has a fault. */
function withoutFaulty(settings: Readonly<Record<string, unknown>>, faults: readonly ConfigIssue[]) {
  const sound = Object.entries(settings).filter(([name]) => !faults.some(({ key }) => isPartOf(key, name)))
  return Object.fromEntries(sound)
}

const validate = new Ajv({ allErrors: true, strict: false, verbose: true, formats }).compile(ConfigSchema)

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
