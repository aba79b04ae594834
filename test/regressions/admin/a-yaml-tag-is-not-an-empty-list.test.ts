import { expect, test } from 'vitest'
import { readState } from '../../../src/cli/input/state-file.ts'
import { ConfigError } from '../../../src/config/error.ts'

// YAML knows sets, ordered maps, times and bytes by their tags. Read as those they had no members, so that a file that named
// every tenant was one that named none: apply --prune disabled all of them.
test.each([
  ['a set of tenants', 'tenants: !!set { acme, beta }'],
  ['tenants as an ordered map', 'tenants: !!omap [ acme: { burst: 20 } ]'],
  ['tenants as a set of an older YAML', '%YAML 1.1\n---\ntenants: !!set { acme }'],
  ['a time in the place of tenants', 'tenants: !!timestamp 2026-01-01'],
  ["a tenant's members as an ordered map", `tenants: { acme: !!omap [ connectors: ['*'] ] }`],
  ['bytes in the place of a tenant', 'tenants: { acme: !!binary aGVsbG8= }'],
  ['a list that says it is a mapping', 'tenants: !!map [ acme ]'],
  ['a set of credentials', 'tenants: {}\ncredentials: !!set { reports }']
])('%s is no state', (_, text) => {
  expect(() => readState('state.yaml', text)).toThrow(ConfigError)
})

test('a file is read as YAML 1.2, whatever version it declares: yes is a text, and there are no merge keys', () => {
  const text = '%YAML 1.1\n---\ntenants: { acme: &a { disabled: yes }, beta: { <<: *a } }'
  expect(() => readState('state.yaml', text)).toThrow(ConfigError)
})
