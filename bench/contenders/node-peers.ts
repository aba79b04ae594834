import { join } from 'node:path'
import { type Contender, ownKey, type Place, passedOnKey, repositoryPath } from './contender.ts'

function nodePeer(name: string, title: string, credential: string): Contender {
  return {
    name,
    title,
    whyMissing: () => null,
    launch: ({ folder, port, upstreamPort }: Place) => ({
      command: [
        process.execPath,
        repositoryPath(`bench/peers/${name}.ts`),
        String(port),
        String(upstreamPort),
        join(folder, 'requests.log')
      ],
      credential
    })
  }
}

export const floor = nodePeer('floor', 'the floor: Fastify and Pool.dispatch', ownKey)
export const undiciProxy = nodePeer('undici-proxy', 'plain node:http + undici', passedOnKey)
export const httpProxy = nodePeer('http-proxy', 'bare @fastify/http-proxy', passedOnKey)
export const assembled = nodePeer('assembled', 'assembled peer', ownKey)
