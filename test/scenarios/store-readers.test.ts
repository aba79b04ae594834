import { describe, expect, test } from 'vitest'
import { patienceFor } from '../support/run/bounds.ts'
import { Scenario } from '../support/scenario/scenario.ts'
import { release, type StoreCause, storeCauses } from '../support/scenario/store-causes.ts'
import { type StoreReader, type StoreReaderKind, storeReaders } from '../support/scenario/store-readers.ts'
import { StoreStory } from '../support/scenario/store-story.ts'
import { eventually } from '../support/scenario/wait.ts'

/** A cause, and all who have the store open or open it meanwhile. */
async function expectRound(
  story: StoreStory,
  cause: StoreCause,
  readers: readonly StoreReader[]
): Promise<void> {
  const readAll = async () => {
    for (const reader of readers) await reader.read()
  }
  expect(await story.calls(3)).toEqual([200, 200, 200])
  await readAll()
  const faults = story.faults()
  const heal = await cause.strike(story.scenario, story.gateway)
  await readAll()
  await story.notice(faults)
  await readAll()
  await heal()
  await story.recovery()
  await readAll()
  // The ledger has recovered; what follows the store by polls does so with the next one.
  await eventually('nothing is degraded', async () => (await story.readiness()).body === '{"status":"ok"}')
  expect(await story.calls(3)).toEqual([200, 200, 200])
  expect(story.scenario.check({ running: true }), cause.name).toEqual([])
}

/** What fails in a round says which cause it was about, and what the gateway has logged last. */
async function named(
  { gateway }: StoreStory,
  { name }: StoreCause,
  round: () => Promise<void>
): Promise<void> {
  try {
    await round()
  } catch (error) {
    const lines = gateway.process.stdout().split('\n').slice(-20).join('\n')
    throw new Error(`${name}: ${(error as Error).message}\n${lines}`, { cause: error })
  }
}

/** One cause after the other strikes one gateway. */
async function expectRecovery(
  causes: readonly StoreCause[],
  kinds: readonly StoreReaderKind[]
): Promise<void> {
  const scenario = await Scenario.start()
  const readers: StoreReader[] = []
  let story: StoreStory | undefined
  try {
    for (const cause of causes) cause.prepare?.(scenario)
    story = await StoreStory.begin(scenario)
    for (const kind of kinds) readers.push(await kind.begin(story))
    for (const cause of causes)
      await named(story, cause, () => expectRound(story as StoreStory, cause, readers))
    expect(await story.drain()).toMatchObject({ code: 0 })
    expect(scenario.check()).toEqual([])
    expect((await scenario.run('ledger', 'verify')).code).toBe(0)
  } finally {
    for (const reader of readers) await reader.end()
    story?.hangUp()
    if (causes.some(cause => cause.prepare)) release(scenario)
    await scenario.close()
  }
}

const available = ({ unavailable }: { unavailable: string | false }) => unavailable === false
const { history, adminList, command, backup, oldBackup } = storeReaders
const causes = storeCauses.filter(available)

describe('nothing acknowledged is lost, and all calls are recorded, while the store is read by', () => {
  const all = [history, adminList, command, backup, oldBackup].filter(available)
  const shared = causes.filter(cause => !cause.prepare)
  test('everybody, whatever goes wrong with it', () => expectRecovery(shared, all), patienceFor(60_000))

  for (const cause of causes.filter(({ prepare }) => prepare))
    test(`everybody, when ${cause.name}`, () => expectRecovery([cause], all))

  const files = shared.filter(({ name }) => /file|a sync fails/.test(name))
  test(
    'a history alone, whatever goes wrong with its files',
    () => expectRecovery(files, [history]),
    patienceFor(40_000)
  )

  const processes = [command, backup, oldBackup].filter(available)
  test(
    'other processes alone, whatever goes wrong with its files',
    () => expectRecovery(files, processes),
    patienceFor(40_000)
  )
})
