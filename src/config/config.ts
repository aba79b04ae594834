import { Ajv } from 'ajv'
import { type AuthenticationConfig, authenticationIssues, toAuthenticationConfig } from './authentication.ts'
import { ConfigError, type ConfigIssue, type ConfigSources, locateIssues, schemaIssues } from './error.ts'
import { readConfigFile } from './file.ts'
import { describeUnusedProxy } from './proxy-variables.ts'
import { ruleIssues, splitList } from './rules.ts'
import { ConfigSchema, type SettingName, type Settings } from './schema.ts'
import { describeServiceLinks, serviceLinks } from './service-links.ts'
import { normalizeForm, suggestionFor, withSuggestion } from './suggestions.ts'

/** The settings, validated, in the program's own words. Frozen: it is read once, at start. */
export type Config = AuthenticationConfig & {
  readonly host: string
  readonly port: number
  readonly adminHost: string
  readonly adminPort: number
  readonly storeUrl: string
  readonly upstreamOrigin: string
  /** A reference to the upstream key, e.g. `env:BIGDATA_API_KEY`. */
  readonly upstreamKey: string
  /** True when nobody chose an upstream key: it may be missing where the store holds credentials. */
  readonly upstreamKeyIsDefault: boolean
  readonly upstreamDeadlineMs: number
  readonly upstreamBudgetPerMinute: number
  readonly egressBudgetPerMinute: number
  /** A reference to the master key. */
  readonly masterKey: string
  /** True when nobody chose a master key: the embedded default may be made at first start. */
  readonly masterKeyIsDefault: boolean
  /** Names of variables that commands of `exec:` references see besides the usual ones. */
  readonly execEnvironment: readonly string[]
  readonly execRefreshSeconds: number
  readonly logLevel: Settings['GATEWAY_LOG_LEVEL']
  /** Which listener shows `/docs` and `/openapi.json`. */
  readonly docs: Settings['GATEWAY_DOCS']
  /** After SIGTERM: for so long new connections are still taken, while `/readyz` says that the process ends. */
  readonly drainDelayMs: number
  /** How long a connection of a caller may be idle. */
  readonly keepAliveMs: number
  readonly trustedProxies: readonly string[]
  /** Variables that start with GATEWAY_ and mean nothing here: worth a warning, as one may be misspelt. */
  readonly unknownVariables: readonly string[]
  /** Sentences about variables that do not do what whoever set them may expect. */
  readonly warnings: readonly string[]
  /** Where each setting was given that has not its default. */
  readonly sources: ConfigSources
}

type Environment = Readonly<Record<string, string | undefined>>

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

/**
 * The same with faults instead of an error, each with its place. Of a setting that has a fault, `config` has the default,
 * so that the others can be looked at.
 */
export function readConfig(env: Environment, file?: string): ConfigRead {
  const faults: ConfigIssue[] = []
  const links = serviceLinks(env)
  const { settings: inFile, places } = readConfigFile(file, faults)
  const isWhole = faults.length === 0
  // Without a prototype: a member of any name is found, `__proto__` too.
  const given: Record<string, unknown> = Object.create(null)
  const sources = new Map(places)
  for (const [name, value] of Object.entries(inFile)) given[name] = inForm(name, value)
  for (const name of settingNames) {
    const value = env[name]
    if (value === undefined || value === '' || links.includes(name)) continue
    given[name] = inForm(name, value)
    for (const path of places.keys()) if (isPartOf(path, name)) sources.delete(path)
    sources.set(name, 'environment')
  }
  const settings = { ...defaults(), ...given }
  const formFaults = validate(settings)
    ? []
    : schemaIssues(validate.errors, name => `is not a setting${suggestionFor(name)}`)
  const brokenRules = ruleIssues(settings).filter(({ key }) => !formFaults.some(other => other.key === key))
  faults.push(...[...formFaults, ...brokenRules].map(fault => withSuggestion(fault, settings)))
  faults.push(...authenticationIssues(settings as Settings, formFaults))
  const sound = Object.entries(settings).filter(([name]) => !faults.some(({ key }) => isPartOf(key, name)))
  return {
    config: toConfig({ ...defaults(), ...Object.fromEntries(sound) } as Settings, {
      given,
      sources,
      env,
      links
    }),
    faults: faults.map(fault => locateIssues(fault, sources)),
    isWhole
  }
}

const settingNames = Object.keys(ConfigSchema.properties) as SettingName[]

function inForm(name: string, value: unknown): unknown {
  return Object.hasOwn(ConfigSchema.properties, name) ? normalizeForm(name as SettingName, value) : value
}

function isPartOf(path: string, name: string): boolean {
  return path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`)
}

function defaults(): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(ConfigSchema.properties).map(([name, schema]) => [name, schema.default])
  )
}

const validate = new Ajv({ allErrors: true, strict: false, verbose: true }).compile(ConfigSchema)

type Read = {
  readonly given: Readonly<Record<string, unknown>>
  readonly sources: ConfigSources
  readonly env: Environment
  readonly links: readonly string[]
}

function toConfig(settings: Settings, { given, sources, env, links }: Read): Config {
  const callers = toAuthenticationConfig(settings)
  const upstreamOrigin = new URL(settings.GATEWAY_UPSTREAM_ORIGIN).origin
  const origins = [upstreamOrigin, ...originsOf(callers.tokenIssuers.map(({ jwks }) => jwks))]
  const execEnvironment = splitList(settings.GATEWAY_EXEC_ENVIRONMENT)
  const unknownVariables = Object.keys(env).filter(
    name =>
      name.startsWith('GATEWAY_') && !links.includes(name) && !settingNames.some(known => known === name)
  )
  return Object.freeze({
    host: settings.GATEWAY_HOST,
    port: settings.GATEWAY_PORT,
    adminHost: settings.GATEWAY_ADMIN_HOST,
    adminPort: settings.GATEWAY_ADMIN_PORT,
    storeUrl: settings.GATEWAY_STORE_URL,
    upstreamOrigin,
    upstreamKey: settings.GATEWAY_UPSTREAM_KEY,
    upstreamKeyIsDefault: given['GATEWAY_UPSTREAM_KEY'] === undefined,
    upstreamDeadlineMs: settings.GATEWAY_UPSTREAM_DEADLINE_MS,
    upstreamBudgetPerMinute: settings.GATEWAY_UPSTREAM_BUDGET_PER_MINUTE,
    egressBudgetPerMinute: settings.GATEWAY_EGRESS_BUDGET_PER_MINUTE,
    masterKey: settings.GATEWAY_MASTER_KEY,
    masterKeyIsDefault: given['GATEWAY_MASTER_KEY'] === undefined,
    execEnvironment,
    execRefreshSeconds: settings.GATEWAY_EXEC_REFRESH_SECONDS,
    logLevel: settings.GATEWAY_LOG_LEVEL,
    docs: settings.GATEWAY_DOCS,
    drainDelayMs: settings.GATEWAY_DRAIN_DELAY_MS,
    keepAliveMs: settings.GATEWAY_KEEP_ALIVE_MS,
    trustedProxies: splitList(settings.GATEWAY_TRUSTED_PROXIES),
    ...callers,
    unknownVariables,
    warnings: [
      ...(unknownVariables.length > 0 ? [describeUnknown(unknownVariables)] : []),
      ...(links.length > 0 ? [describeServiceLinks(links)] : []),
      ...[describeUnusedProxy(env, origins), describeUnset(execEnvironment, env)].filter(
        warning => warning !== null
      )
    ],
    sources
  })
}

function originsOf(places: readonly string[]): string[] {
  return places.filter(place => !place.startsWith('file:')).map(place => new URL(place).origin)
}

/** One sentence about all of them. */
function describeUnknown(names: readonly string[]): string {
  const are = names.length === 1 ? 'is set but is not a setting' : 'are set but are not settings'
  return `${names.join(', ')} ${are}${suggestionFor(...names)}`
}

/** Whoever runs `check` may have other variables than the service has: a command that needs one gives its key here or there alone. */
function describeUnset(names: readonly string[], env: Environment): string | null {
  const unset = names.filter(name => (env[name] ?? '') === '')
  if (unset.length === 0) return null
  const are = unset.length === 1 ? 'is' : 'are'
  return `GATEWAY_EXEC_ENVIRONMENT: ${unset.join(', ')} ${are} not set here: commands of exec: references run without`
}
