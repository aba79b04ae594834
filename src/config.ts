import { BlockList, isIP } from 'node:net'
import { type Static, Type } from '@sinclair/typebox'
import { Ajv } from 'ajv'
import { type CallersConfig, callerFaults, callerSettings, toCallersConfig } from './config-callers.ts'
import { ConfigError, type ConfigFault, schemaFaults } from './config-fault.ts'
import { readConfigFile } from './config-file.ts'
import { isLoopback } from './loopback.ts'
import { strict } from './schema.ts'

const Port = Type.Integer({ minimum: 0, maximum: 65535, description: 'a port, 0 to 65535' })
const SecretReference = Type.String({
  pattern: '^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|exec:.+)$',
  description: 'a reference, env:NAME, file:PATH or exec:COMMAND (never the secret itself)'
})
const PerMinute = Type.Integer({
  minimum: 1,
  maximum: 1_000_000_000,
  description: 'calls per minute, 1 or more'
})
const Host = Type.String({
  minLength: 1,
  pattern: '^[A-Za-z0-9.:_-]+$',
  description: 'a host name or an address'
})

/** Every setting: its name in the environment and in gateway.yaml, its form and its default. */
export const ConfigSchema = Type.Object(
  {
    GATEWAY_HOST: { ...Host, default: '127.0.0.1' },
    GATEWAY_PORT: { ...Port, default: 8080 },
    GATEWAY_ADMIN_HOST: { ...Host, default: '127.0.0.1' },
    GATEWAY_ADMIN_PORT: { ...Port, default: 8081 },
    GATEWAY_STORE_URL: Type.String({
      default: 'sqlite:./data/gateway.db',
      pattern: '^sqlite:(?!:memory:).+$',
      description: 'sqlite:PATH, a file'
    }),
    GATEWAY_LIMITS_URL: Type.String({ default: 'memory:', pattern: '^memory:$', description: 'memory:' }),
    GATEWAY_UPSTREAM_ORIGIN: Type.String({
      default: 'https://api.bigdata.com',
      description: 'an origin, https://HOST[:PORT]; http: only for a loopback address'
    }),
    GATEWAY_UPSTREAM_KEY: { ...SecretReference, default: 'env:BIGDATA_API_KEY' },
    GATEWAY_UPSTREAM_DEADLINE_MS: Type.Integer({
      default: 30_000,
      minimum: 100,
      maximum: 300_000,
      description: 'milliseconds, 100 to 300000'
    }),
    GATEWAY_UPSTREAM_BUDGET_PER_MINUTE: { ...PerMinute, default: 500 },
    GATEWAY_EGRESS_BUDGET_PER_MINUTE: { ...PerMinute, default: 1500 },
    GATEWAY_MASTER_KEY: { ...SecretReference, default: 'file:./data/master.key' },
    GATEWAY_EXEC_ENVIRONMENT: Type.String({
      default: '',
      pattern: '^([A-Za-z_][A-Za-z0-9_]*(, *[A-Za-z_][A-Za-z0-9_]*)*)?$',
      description: 'names of variables, separated by commas, that commands of exec: references see'
    }),
    GATEWAY_EXEC_REFRESH_SECONDS: Type.Integer({
      default: 300,
      minimum: 1,
      maximum: 86_400,
      description: 'seconds between two runs of the command of an exec: reference, 1 to 86400'
    }),
    GATEWAY_LOG_LEVEL: Type.Unsafe<'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent'>({
      type: 'string',
      enum: ['fatal', 'error', 'warn', 'info', 'debug', 'silent'],
      default: 'info',
      description: 'one of fatal, error, warn, info, debug, silent'
    }),
    GATEWAY_DOCS: Type.Unsafe<'public' | 'admin' | 'off'>({
      type: 'string',
      enum: ['public', 'admin', 'off'],
      default: 'public',
      description: 'one of public, admin, off: the listener that shows /docs and /openapi.json'
    }),
    GATEWAY_DRAIN_DELAY_MS: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 300_000,
      description: 'milliseconds, 0 to 300000'
    }),
    GATEWAY_KEEP_ALIVE_MS: Type.Integer({
      default: 72_000,
      minimum: 1_000,
      maximum: 3_600_000,
      description: 'milliseconds, 1000 to 3600000'
    }),
    GATEWAY_TRUSTED_PROXIES: Type.String({
      default: '',
      description: 'addresses or CIDR ranges, separated by commas, whose X-Forwarded-For is believed'
    }),
    ...callerSettings
  },
  strict
)
type Settings = Static<typeof ConfigSchema>
type SettingName = keyof Settings

/** The settings, validated, in the program's own words. Frozen: it is read once, at start. */
export type Config = CallersConfig & {
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
}

/**
 * Reads `file` (gateway.yaml in the working directory when it exists) and then `env`, which wins.
 * Throws ConfigError with all faults.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>, file?: string): Config {
  const names = Object.keys(ConfigSchema.properties) as SettingName[]
  const faults: ConfigFault[] = []
  const given: Record<string, unknown> = readConfigFile(file, faults)
  for (const name of names) {
    const value = env[name]
    if (value !== undefined && value !== '') given[name] = fromEnvironment(name, value)
  }
  const settings = { ...defaults(), ...given }
  const formFaults = validate(settings) ? [] : schemaFaults(validate.errors)
  faults.push(...formFaults, ...originFaults(settings), ...proxyFaults(settings))
  faults.push(...callerFaults(settings as Settings, formFaults))
  if (faults.length > 0) throw new ConfigError(faults)
  const unknownVariables = Object.keys(env).filter(
    name => name.startsWith('GATEWAY_') && !names.includes(name as SettingName)
  )
  return toConfig(settings as Settings, given, unknownVariables)
}

function fromEnvironment(name: SettingName, value: string): unknown {
  const { type } = ConfigSchema.properties[name]
  if (type === 'array') return jsonOf(value)
  return type === 'integer' && /^[0-9]{1,15}$/.test(value) ? Number(value) : value
}

function jsonOf(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

function defaults(): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(ConfigSchema.properties).map(([name, schema]) => [name, schema.default])
  )
}

const validate = new Ajv({ allErrors: true, strict: false, verbose: true }).compile(ConfigSchema)

function originFaults(settings: Record<string, unknown>): ConfigFault[] {
  const key = 'GATEWAY_UPSTREAM_ORIGIN'
  const value = settings[key]
  if (typeof value !== 'string') return []
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url?.origin !== value.replace(/\/$/, '') || !/^https?:$/.test(url.protocol))
    return [{ key, detail: `must be ${ConfigSchema.properties[key].description}` }]
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    return [
      { key, detail: 'http: is refused except for a loopback address: the key would travel in clear text' }
    ]
  return []
}

function proxyFaults(settings: Record<string, unknown>): ConfigFault[] {
  const key = 'GATEWAY_TRUSTED_PROXIES'
  const value = settings[key]
  if (typeof value !== 'string' || splitList(value).every(isAddressOrRange)) return []
  return [{ key, detail: `must be ${ConfigSchema.properties[key].description}` }]
}

function isAddressOrRange(text: string): boolean {
  const [, address = '', prefix] = /^([^/]+)(?:\/([1-9][0-9]{0,2}))?$/.exec(text) ?? []
  const family = isIP(address)
  if (family === 0) return false
  try {
    new BlockList().addSubnet(address, Number(prefix ?? 32), family === 6 ? 'ipv6' : 'ipv4')
    return true
  } catch {
    return false
  }
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
}

function toConfig(
  settings: Settings,
  given: Readonly<Record<string, unknown>>,
  unknownVariables: string[]
): Config {
  return Object.freeze({
    host: settings.GATEWAY_HOST,
    port: settings.GATEWAY_PORT,
    adminHost: settings.GATEWAY_ADMIN_HOST,
    adminPort: settings.GATEWAY_ADMIN_PORT,
    storeUrl: settings.GATEWAY_STORE_URL,
    upstreamOrigin: new URL(settings.GATEWAY_UPSTREAM_ORIGIN).origin,
    upstreamKey: settings.GATEWAY_UPSTREAM_KEY,
    upstreamKeyIsDefault: given['GATEWAY_UPSTREAM_KEY'] === undefined,
    upstreamDeadlineMs: settings.GATEWAY_UPSTREAM_DEADLINE_MS,
    upstreamBudgetPerMinute: settings.GATEWAY_UPSTREAM_BUDGET_PER_MINUTE,
    egressBudgetPerMinute: settings.GATEWAY_EGRESS_BUDGET_PER_MINUTE,
    masterKey: settings.GATEWAY_MASTER_KEY,
    masterKeyIsDefault: given['GATEWAY_MASTER_KEY'] === undefined,
    execEnvironment: splitList(settings.GATEWAY_EXEC_ENVIRONMENT),
    execRefreshSeconds: settings.GATEWAY_EXEC_REFRESH_SECONDS,
    logLevel: settings.GATEWAY_LOG_LEVEL,
    docs: settings.GATEWAY_DOCS,
    drainDelayMs: settings.GATEWAY_DRAIN_DELAY_MS,
    keepAliveMs: settings.GATEWAY_KEEP_ALIVE_MS,
    trustedProxies: splitList(settings.GATEWAY_TRUSTED_PROXIES),
    ...toCallersConfig(settings),
    unknownVariables
  })
}
