import { devNull } from 'node:os'
import { expect, test } from 'vitest'
import { loadConfig } from '../../../src/config/config.ts'

const proxy = { HTTPS_PROXY: 'http://user:hush@proxy.example:3128' }

test.each<[string, Record<string, string>]>([
  ['HTTPS_PROXY is', proxy],
  ['https_proxy is', { https_proxy: 'http://proxy.example:3128' }],
  ['ALL_PROXY is', { ALL_PROXY: 'socks5://proxy.example' }],
  ['HTTPS_PROXY, HTTP_PROXY are', { ...proxy, HTTP_PROXY: 'http://proxy.example' }],
  [
    'HTTPS_PROXY is',
    { ...proxy, NO_PROXY: 'localhost,10.0.0.0/8,.example.com,notbigdata.com,bigdata.com:8443' }
  ]
])('a proxy that is not used is reported without its address: %s', (reported, env) => {
  const { warnings } = loadConfig(env, devNull)
  expect(warnings).toEqual([
    `${reported} not used: the gateway goes to https://api.bigdata.com directly. Allow that in the network, and name them in NO_PROXY`
  ])
})

test.each<Record<string, string>>([
  { ...proxy, GATEWAY_UPSTREAM_ORIGIN: 'http://127.0.0.1:8090' },
  { ...proxy, NO_PROXY: '*' },
  { ...proxy, NO_PROXY: 'localhost, .bigdata.com' },
  { ...proxy, no_proxy: 'API.bigdata.com:443' },
  { HTTPS_PROXY: '', NO_PROXY: '' }
])('no warning comes where no proxy would be used: %j', env => {
  expect(loadConfig(env, devNull).warnings).toEqual([])
})

test('the warning also names the issuers of tokens', () => {
  const issuer = {
    name: 'a',
    issuer: 'a',
    audience: 'a',
    algorithms: ['ES256'],
    jwks: 'https://issuer.example/keys'
  }
  const env = { ...proxy, NO_PROXY: 'bigdata.com', GATEWAY_JWT_ISSUERS: JSON.stringify([issuer]) }
  expect(loadConfig(env, devNull).warnings).toEqual([
    expect.stringContaining('goes to https://issuer.example directly')
  ])
})
