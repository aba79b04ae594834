import { describe, expect, test } from 'vitest'
import { onThisMachine } from '../support/run/bounds.ts'
import type { ClientCall } from '../support/scenario/client.ts'
import { Scenario } from '../support/scenario/scenario.ts'
import { release, type StoreCause, storeCauses } from '../support/scenario/store-causes.ts'
import { StoreStory } from '../support/scenario/store-story.ts'
import { eventually } from '../support/scenario/wait.ts'

/** The bound of a wait is 2 s, and of a recovery 5 s; the rest is for a busy machine. */
const boundMs = 2_000
const recoveryMs = 5_000
const slackMs = 1_500

const problemOf = ({ body }: ClientCall) =>
  JSON.parse(body) as { code?: string; forwarded?: string; detail?: string }

async function expectRecovery(cause: StoreCause): Promise<void> {
  const scenario = await Scenario.start()
  let story: StoreStory | undefined
  try {
    cause.prepare?.(scenario)
    story = await StoreStory.begin(scenario)
    for (let call = 0; call < 5; call++) expect((await story.call()).status).toBe(200)

    const heal = await cause.strike(scenario, story.gateway)
    const refused = await story.refusal()
    const refusedInMs = refused.endedAtMs - refused.sentAtMs
    expect(problemOf(refused)).toMatchObject({ code: 'ledger_unavailable', forwarded: 'no' })
    expect(refusedInMs).toBeLessThan(onThisMachine(boundMs + slackMs))

    if (cause.readiness) await expectRefused(story, cause.readiness)
    await heal()
    const healedAtMs = Date.now()
    await eventually('a call is answered', async () => (await story?.call())?.status === 200, {
      withinMs: 15_000
    })
    const recoveredInMs = Date.now() - healedAtMs
    expect(recoveredInMs).toBeLessThan(onThisMachine(recoveryMs + slackMs))
    console.log(`${cause.name}: refused in ${refusedInMs} ms, recovered in ${recoveredInMs} ms`)

    expect((await story.readiness()).status).toBe(200)
    for (let call = 0; call < 5; call++) expect((await story.call()).status).toBe(200)
    story.gateway.process.signal('SIGTERM')
    expect(await story.gateway.process.exited).toMatchObject({ code: 0 })
    expect(scenario.check()).toEqual([])
  } finally {
    story?.hangUp()
    if (cause.prepare) release(scenario)
    await scenario.close()
  }
}

/** As long as the cause is there: every call, and whoever asks whether calls make sense. */
async function expectRefused(story: StoreStory, reason: RegExp): Promise<void> {
  const forwarded = story.scenario.sandbox.requests().length
  for (let call = 0; call < 3; call++) expect(problemOf(await story.call()).code).toBe('ledger_unavailable')
  const unready = await story.readiness()
  expect(unready.status).toBe(503)
  expect(problemOf(unready)).toMatchObject({
    code: 'ledger_unavailable',
    detail: expect.stringMatching(reason)
  })
  expect(story.scenario.sandbox.requests()).toHaveLength(forwarded)
}

describe('calls are refused in time and nothing is forwarded; afterwards it recovers by itself, and nothing acknowledged is lost, when', () => {
  for (const cause of storeCauses) {
    const reason = cause.unavailable === false ? '' : ` (not here: ${cause.unavailable})`
    test.skipIf(cause.unavailable !== false)(`${cause.name}${reason}`, () => expectRecovery(cause))
  }
})
