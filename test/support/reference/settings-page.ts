import { ConfigSchema } from '../../../src/config/schema.ts'
import { code, page, table } from './markdown.ts'

type Setting = { readonly title?: string; readonly description?: string; readonly default?: unknown }

/** Every setting: its default, which values it takes, and what it does. */
export function settingsPage(): string {
  const settings: readonly (readonly [string, Setting])[] = Object.entries(ConfigSchema.properties)
  const rows = settings.map(([name, schema]) => [
    code(name),
    defaultOf(schema),
    schema.description ?? '',
    schema.title ?? ''
  ])
  return page(
    'Settings',
    '`src/config/schema.ts`',
    `Settings come from the environment, and from \`gateway.yaml\` in the working directory (or \`--config FILE\`) with the same
names. The environment wins. An empty variable counts as not set. A list separated by commas may also be a list of YAML or
JSON. \`check\` reports every fault at once, each with the place where the setting was given.`,
    table(['setting', 'default', 'value', 'what it does'], rows),
    `[docs/callers.md](../callers.md) explains \`GATEWAY_JWT_ISSUERS\`, \`GATEWAY_TLS_*\` and \`GATEWAY_CLIENT_CERTIFICATES\`. Any other
variable that begins with \`GATEWAY_\` gets a warning: it may be misspelt. The gateway does not use \`HTTPS_PROXY\` and its like.`
  )
}

function defaultOf(schema: Setting): string {
  return String(schema.default) === '' ? 'none' : code(String(schema.default))
}
