import { type Static, Type } from '@sinclair/typebox'
import { strict } from '../contract/schemas.ts'
import { authenticationSettings } from './authentication.ts'

// `description` says which values a setting takes: error messages show it. `title` says what the setting does.
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
    GATEWAY_HOST: { ...Host, default: '127.0.0.1', title: 'address of the public listener' },
    GATEWAY_PORT: { ...Port, default: 8080, title: 'port of the public listener; 0 takes any free port' },
    GATEWAY_ADMIN_HOST: { ...Host, default: '127.0.0.1', title: 'address of the admin listener' },
    GATEWAY_ADMIN_PORT: {
      ...Port,
      default: 8081,
      title: 'port of the admin listener; 0 takes any free port'
    },
    GATEWAY_STORE_URL: Type.String({
      default: 'sqlite:./data/gateway.db',
      pattern: '^sqlite:(?!:memory:).+$',
      description: 'sqlite:PATH, a file',
      title: 'the store: tenants, credentials and the ledger; sqlite:///PATH is an absolute path'
    }),
    GATEWAY_LIMITS_URL: Type.String({
      default: 'memory:',
      pattern: '^memory:$',
      description: 'memory:',
      title: 'where limits are counted: in the memory of each process'
    }),
    GATEWAY_UPSTREAM_ORIGIN: Type.String({
      default: 'https://api.bigdata.com',
      description: 'an origin, https://HOST[:PORT]; http: only for a loopback address',
      title: 'the upstream, the only origin that receives a key'
    }),
    GATEWAY_UPSTREAM_KEY: {
      ...SecretReference,
      default: 'env:BIGDATA_API_KEY',
      title: 'the key of the credential `default`, until a command adds or rotates that credential'
    },
    GATEWAY_UPSTREAM_DEADLINE_MS: milliseconds(100, 300_000, {
      default: 30_000,
      title: 'time for one call, from when it may be sent to the end of its answer'
    }),
    GATEWAY_UPSTREAM_BUDGET_PER_MINUTE: {
      ...PerMinute,
      default: 500,
      title: 'upstream calls with one credential, in any minute'
    },
    GATEWAY_EGRESS_BUDGET_PER_MINUTE: {
      ...PerMinute,
      default: 1500,
      title: 'upstream calls of this process, in any minute'
    },
    GATEWAY_MASTER_KEY: {
      ...SecretReference,
      default: 'file:./data/master.key',
      title: 'opens the store: 32 characters or more; the first start makes the default file'
    },
    GATEWAY_EXEC_ENVIRONMENT: Type.String({
      default: '',
      pattern: '^([A-Za-z_][A-Za-z0-9_]*(, *[A-Za-z_][A-Za-z0-9_]*)*)?$',
      description: 'names of variables, separated by commas, that commands of exec: references see',
      title: 'variables for the commands of exec: references, beside PATH, HOME and the like'
    }),
    GATEWAY_EXEC_REFRESH_SECONDS: Type.Integer({
      default: 300,
      minimum: 1,
      maximum: 86_400,
      description: 'seconds between two runs of the command of an exec: reference, 1 to 86400',
      title: 'how often the command of an exec: reference runs again'
    }),
    GATEWAY_LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'silent'], {
      default: 'info',
      title: 'the least important lines that the log has'
    }),
    GATEWAY_DOCS: oneOf(
      ['public', 'admin', 'off'],
      { default: 'public', title: 'the listener that serves /docs and /openapi.json' },
      ': the listener that shows /docs and /openapi.json'
    ),
    GATEWAY_DRAIN_DELAY_MS: milliseconds(0, 300_000, {
      default: 0,
      title: 'after SIGTERM: how long calls are still served while /readyz answers 503'
    }),
    GATEWAY_KEEP_ALIVE_MS: milliseconds(1_000, 3_600_000, {
      default: 72_000,
      title: 'how long a connection of a caller may be idle'
    }),
    GATEWAY_TRUSTED_PROXIES: Type.String({
      default: '',
      description: 'addresses or CIDR ranges, separated by commas, whose X-Forwarded-For is believed',
      title: 'proxies whose X-Forwarded-For names the caller'
    }),
    ...authenticationSettings
  },
  strict
)
export type Settings = Static<typeof ConfigSchema>
export type SettingName = keyof Settings
