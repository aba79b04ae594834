import { expect, test } from 'vitest'
import { nearestName } from '../../src/base/nearest-name.ts'

const names = ['GATEWAY_PORT', 'GATEWAY_HOST', 'GATEWAY_ADMIN_PORT', 'warn', 'info']

test.each([
  ['GATEWAY_PROT', 'GATEWAY_PORT'],
  ['GATEWAY_PORTS', 'GATEWAY_PORT'],
  ['GATEWAYPORT', 'GATEWAY_PORT'],
  ['gateway_host', 'GATEWAY_HOST'],
  ['GATEWAY_ADMINPORT', 'GATEWAY_ADMIN_PORT'],
  ['wran', 'warn'],
  ['inf', 'info']
])('%s is nearest to %s', (written, meant) => {
  expect(nearestName(written, names)).toBe(meant)
})

test.each(['', 'w', 'GATEWAY_', 'GATEWAY_UPSTREAM_KEY', 'debug', 'G'.repeat(100_000)])(
  '%s is near no name',
  written => {
    expect(nearestName(written, names)).toBeNull()
  }
)
