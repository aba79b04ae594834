import { type Contender, type Place, passedOnKey, repositoryPath } from './contender.ts'

const program = repositoryPath('bench/node_modules/@portkey-ai/gateway/build/start-server.js')

/**
 * Portkey's open-source gateway as a plain proxy: no keys of callers, limits or ledger. It sends a request to the host that
 * the request names, with the key that it holds. It sends on its own forms of a request's path, so it gets one with its prefix.
 */
export const portkey: Contender = {
  name: 'portkey',
  title: 'Portkey gateway',
  whyMissing: () => null,
  launch: ({ port, upstreamPort }: Place) => ({
    command: [process.execPath, program, `--port=${port}`, '--headless'],
    credential: [
      'x-portkey-provider: openai',
      `x-portkey-custom-host: http://127.0.0.1:${upstreamPort}`,
      'x-portkey-forward-headers: x-api-key',
      passedOnKey
    ].join('\r\n'),
    prefix: '/v1/proxy'
  })
}
