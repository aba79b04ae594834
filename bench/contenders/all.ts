import type { Contender } from './contender.ts'
import { direct } from './direct.ts'
import { gateway } from './gateway.ts'
import { haproxy } from './haproxy.ts'
import { nginx } from './nginx.ts'
import { assembled, floor, httpProxy, undiciProxy } from './node-peers.ts'
import { portkey } from './portkey.ts'

/** In the order in which the tables name them. */
export const contenders: readonly Contender[] = [
  direct,
  undiciProxy,
  floor,
  httpProxy,
  assembled,
  portkey,
  gateway,
  nginx,
  haproxy
]

/** Those whom `names` selects, or all. Throws for a name that nobody bears. */
export function selectContenders(names: readonly string[]): readonly Contender[] {
  const known = contenders.map(({ name }) => name)
  const stranger = names.find(name => !known.includes(name))
  if (stranger !== undefined)
    throw new Error(`--only: no contender ${stranger}; there are ${known.join(', ')}`)
  return names.length === 0 ? contenders : contenders.filter(({ name }) => names.includes(name))
}
