import { type Static, Type } from '@sinclair/typebox'
import { strict } from '../contract/schemas.ts'
import { authenticationSettings } from './authentication.ts'

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

function milliseconds(minimum: number, maximum: number, rest: { default: number; title?: string }) {
  return Type.Integer({ minimum, maximum, ...rest, description: `milliseconds, ${minimum} to ${maximum}` })
}

function oneOf<const Word extends string>(
  words: readonly Word[],
  rest: { default: Word; title?: string },
  meaning = ''
) {
  const description = `one of ${words.join(', ')}${meaning}`
  return Type.Unsafe<Word>({ type: 'string', enum: words, ...rest, description })
}

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
    GATEWAY_UPSTREAM_DEADLINE_MS: milliseconds(100, 300_000, { default: 30_000 }),
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
    GATEWAY_LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'silent'], { default: 'info' }),
    GATEWAY_DOCS: oneOf(
      ['public', 'admin', 'off'],
      { default: 'public' },
      ': the listener that shows /docs and /openapi.json'
    ),
    GATEWAY_DRAIN_DELAY_MS: milliseconds(0, 300_000, { default: 0 }),
    GATEWAY_KEEP_ALIVE_MS: milliseconds(1_000, 3_600_000, { default: 72_000 }),
    GATEWAY_TRUSTED_PROXIES: Type.String({
      default: '',
      description: 'addresses or CIDR ranges, separated by commas, whose X-Forwarded-For is believed'
    }),
    ...authenticationSettings
  },
  strict
)
/** Settings that have no faults. */
export type Settings = Static<typeof ConfigSchema>
/** The name of a setting. */
export type SettingName = keyof Settings
