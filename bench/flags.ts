import { parseArgs } from 'node:util'

export interface Flags {
  readonly isQuick: boolean
  /** Whether to profile the gateway instead of comparing it. */
  readonly isProfile: boolean
  /** Names of contenders; empty for all. */
  readonly only: readonly string[]
  readonly rounds: number
  /** Of each measured phase. */
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly connections: number
  /** Of the open loops, in requests per second. */
  readonly rates: readonly number[]
  readonly seed: number
  /** Given to the Node that runs the gateway, e.g. to profile it; a run with any is no result. */
  readonly gatewayNodeFlags: readonly string[]
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least && number <= most) return number
  throw new Error(`--${name} takes a whole number from ${least} to ${most}`)
}

/** Reads the command line. Throws an error with one clear line when it cannot. */
export function readFlags(args: readonly string[]): Flags {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      connections: { type: 'string', default: '64' },
      rates: { type: 'string', default: '50,200,1000' },
      seed: { type: 'string' },
      'gateway-node-flags': { type: 'string', default: '' }
    }
  })
  return {
    isQuick: values.quick,
    isProfile: values.profile,
    only: values.only.split(',').filter(Boolean),
    rounds: wholeNumber('rounds', values.rounds ?? (values.quick ? '3' : '5'), 1, 100),
    seconds: wholeNumber('seconds', values.seconds ?? (values.quick ? '2' : '4'), 1, 60),
    warmUpSeconds: values.quick ? 1 : 2,
    connections: wholeNumber('connections', values.connections, 1, 1000),
    rates: values.rates.split(',').map(rate => wholeNumber('rates', rate, 1, 20_000)),
    gatewayNodeFlags: values['gateway-node-flags'].split(' ').filter(Boolean),
    seed: wholeNumber('seed', values.seed ?? String(Math.floor(Math.random() * 1e6)), 0, 0xffffffff)
  }
}
