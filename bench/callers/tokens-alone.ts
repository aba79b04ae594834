/** `tokens-alone.ts TOKENS ROUNDS`: how many tokens are verified in a CPU second; prints it as JSON. */
import { createSecretKey, randomBytes, verify } from 'node:crypto'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { Directory } from '../../src/identity/directory.ts'
import { JwtAuthenticator } from '../../src/identity/jwt/authenticate.ts'
import { TokenIssuer } from '../../src/identity/jwt/issuer.ts'
import { JwksCache } from '../../src/identity/jwt/jwks-cache.ts'
import { Events } from '../../src/telemetry/events.ts'
import { seededRandom, shuffle } from '../shuffle.ts'
import { Crowd } from './crowd.ts'
import { type Algorithm, algorithms, newSigner, type Signer } from './token-signer.ts'

/** `together` and `alone` verify each token for the first time; the last two are the floor. */
export type Way = 'together' | 'alone' | 'repeated' | 'jose' | 'crypto'
/** Tokens in a CPU second, round by round. */
export type TokenFigures = Record<Algorithm, Record<Way, number[]>>

const sideBySide = 64
const [count = 0, rounds = 0] = process.argv.slice(2).map(Number)
const random = seededRandom(42)
const events = new Events()
const pepper = createSecretKey(randomBytes(32))
const directory = new Directory(pepper)
const crowd = new Crowd(pepper, 10)
crowd.loadInto(directory)

type Work = (token: string) => unknown

/** How many of `tokens` go through `work` in a CPU second, of all threads, `width` at a time. Throws when one is refused. */
async function perCpuSecond(tokens: readonly string[], width: number, work: Work): Promise<number> {
  let next = 0
  async function lane(): Promise<void> {
    while (next < tokens.length) {
      const taken = work(tokens[next++] as string)
      // As the gateway does: what is known at once is not waited for.
      if (!(taken instanceof Promise ? await taken : taken)) throw new Error('a good token was refused')
    }
  }
  const before = process.cpuUsage()
  await Promise.all(Array.from({ length: width }, lane))
  const { user, system } = process.cpuUsage(before)
  return tokens.length / ((user + system) / 1e6)
}

/** The least that verifying a signature takes: no thread, no claims. */
function bareVerify({ publicKey, digest }: Signer): Work {
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
  return token => {
    const end = token.lastIndexOf('.')
    const signed = Buffer.from(token.slice(0, end), 'latin1')
    return verify(digest, signed, key, Buffer.from(token.slice(end + 1), 'base64url'))
  }
}

async function playRound(signer: Signer, tokens: readonly string[]): Promise<Record<Way, number>> {
  const { options, keySet } = signer
  const { issuer, audience, algorithms } = options
  const source = { read: async () => JSON.stringify(keySet), everyMs: 3_600_000, from: 'memory' }
  const keys = new JwksCache({ issuer: options.name, source, events })
  await keys.refresh()
  // Each with a memory of its own of what it has verified.
  const issuers = () => new JwtAuthenticator([new TokenIssuer(options, keys)], directory, events)
  const [one, other] = [issuers(), issuers()]
  const find = createLocalJWKSet(keySet)
  const now = Date.now()
  const rates: Record<Way, number> = { together: 0, alone: 0, repeated: 0, jose: 0, crypto: 0 }
  const ways: readonly (readonly [Way, number, Work])[] = [
    ['together', sideBySide, token => one.authenticate(token, now)],
    ['alone', 1, token => other.authenticate(token, now)],
    ['jose', sideBySide, token => jwtVerify(token, find, { issuer, audience, algorithms: [...algorithms] })],
    ['crypto', 1, bareVerify(signer)]
  ]
  for (const [way, width, work] of shuffle(ways, random)) rates[way] = await perCpuSecond(tokens, width, work)
  rates.repeated = await perCpuSecond(tokens, sideBySide, token => one.authenticate(token, now))
  keys.close()
  return rates
}

const none = (): TokenFigures[Algorithm] => ({ together: [], alone: [], repeated: [], jose: [], crypto: [] })
const figures: TokenFigures = { EdDSA: none(), RS256: none(), ES256: none() }
const signers = algorithms.map(algorithm => {
  const signer = newSigner(algorithm, 'crowd-0')
  return { algorithm, signer, tokens: Array.from({ length: count }, (_, number) => signer.token(number)) }
})
for (let round = 0; round <= rounds; round++)
  for (const { algorithm, signer, tokens } of shuffle(signers, random)) {
    const rates = await playRound(signer, tokens)
    // The first round compiles what the others measure.
    if (round === 0) continue
    for (const way of Object.keys(rates) as Way[]) figures[algorithm][way].push(rates[way])
  }
console.log(JSON.stringify(figures))
