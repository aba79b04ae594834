/**
 * `npm run crash`: kills a gateway under load at random instants, 1,000 times by default, and checks what
 * is left. Flags: --kills N, --seed N, --from N (the number of the first kill, to go on with a run that was stopped).
 */
import { parseArgs } from 'node:util'
import { crashRepeatedly } from '../support/scenario/crash.ts'
import { scenarioSeed } from '../support/scenario/scenario.ts'

const { kills, seed, from } = readFlags()
console.log(`seed ${seed}, ${kills} kills`)

const result = await crashRepeatedly({
  kills,
  seed,
  from,
  onProgress({ kills: done, calls, unknown, violations }) {
    const next = from + done
    console.log(
      `${done} kills, ${calls} calls, ${unknown} of them unknown, ${violations.length} violations; ` +
        `to go on from here: npm run crash -- --seed ${seed} --from ${next} --kills ${kills - done}`
    )
  }
})

for (const { invariant, detail, requestId } of result.violations.slice(0, 20))
  console.log(`${invariant}: ${detail}${requestId === undefined ? '' : ` (request ${requestId})`}`)
if (result.violations.length > 0) console.log(`the store and the logs are kept in ${result.folder}`)
console.log(
  `${result.kills} kills (${result.duringStart} while starting), ${result.calls} calls, ` +
    `${result.unknown} unknown, ${result.violations.length} violations`
)
process.exit(result.violations.length === 0 ? 0 : 1)

function readFlags(): { kills: number; seed: number; from: number } {
  const { values } = parseArgs({
    options: { kills: { type: 'string' }, seed: { type: 'string' }, from: { type: 'string' } }
  })
  return {
    kills: wholeNumber('kills', values.kills) ?? 1000,
    seed: wholeNumber('seed', values.seed) ?? scenarioSeed('crash'),
    from: wholeNumber('from', values.from) ?? 1
  }
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9][0-9]{0,9}$/.test(text))
    return text === undefined ? undefined : Number(text)
  console.error(`crash: --${name} must be a whole number, 1 or more`)
  process.exit(2)
}
