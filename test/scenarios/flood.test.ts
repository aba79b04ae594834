import { expect, test } from 'vitest'
import { ScenarioClient } from '../support/scenario/client.ts'
import { type Flood, flood } from '../support/scenario/flood.ts'
import { Scenario } from '../support/scenario/scenario.ts'

const each = 25_000

/** Milliseconds of each of a good caller's calls, one after the other, for as long as `goOn` says. */
async function goodCalls(
  scenario: Scenario,
  port: number,
  key: string,
  goOn: () => boolean
): Promise<number[]> {
  const client = new ScenarioClient(port)
  const times: number[] = []
  while (goOn()) {
    const begun = performance.now()
    const call = await client.send(scenario.nextSync(key))
    times.push(performance.now() - begun)
    scenario.calls.push(call)
    expect(call.status).toBe(200)
  }
  client.close()
  return times
}

function summaryOf(times: readonly number[]): string {
  const sorted = [...times].sort((one, other) => one - other)
  const at = (part: number) => (sorted[Math.floor(sorted.length * part)] ?? Number.NaN).toFixed(1)
  return `${sorted.length} calls, median ${at(0.5)} ms, 99th percentile ${at(0.99)} ms`
}

test('a flood of 100,000 refused requests is counted to the last one in a few hundred entries, and good calls go on', async () => {
  const scenario = await Scenario.start()
  try {
    const { key } = await scenario.addTenant('good')
    const { key: loose } = await scenario.addTenant('loose', '00000000-0000-4000-8000-000000000001')
    await scenario.json('tenant', 'create', 'tight', '--connectors', '*', '--rate', '1')
    const { key: tight } = await scenario.json<{ key: string }>('key', 'issue', 'tight')
    const { process, port } = await scenario.startGateway()
    const target = `/connectors/${scenario.sandbox.connectors[0]?.connector_id}/sync`
    let count = 0
    const before = await goodCalls(scenario, port, key, () => ++count <= 300)

    const during = async (...parts: Omit<Flood, 'port' | 'requests'>[]) => {
      let underWay = true
      const calls = goodCalls(scenario, port, key, () => underWay)
      calls.catch(() => {})
      const counts = await Promise.all(parts.map(part => flood({ port, requests: each, ...part })))
      underWay = false
      return { counts, times: await calls }
    }
    // As much work for the process, and nothing for the ledger: what is slower than this is the ledger's doing.
    const unrecorded = { target: '/nowhere', body: '' }
    const control = await during(unrecorded, unrecorded, unrecorded, unrecorded)
    const { counts, times } = await during(
      { target, key: 'cgw_nobody_knows_this_key', body: '' },
      { target, key: loose, body: '{}' },
      { target, key: loose, body: '{"date_limit":"never"}' },
      { target, key: tight, body: '' }
    )
    process.signal('SIGTERM')
    expect(await process.exited).toMatchObject({ code: 0 })
    console.log(
      `good calls before the flood: ${summaryOf(before)}; during it: ${summaryOf(times)}; ` +
        `during one that is not recorded: ${summaryOf(control.times)}`
    )

    const answered = new Map<number, number>()
    for (const one of counts)
      for (const [status, times] of one) answered.set(status, (answered.get(status) ?? 0) + times)
    expect([...answered.values()].reduce((sum, times) => sum + times)).toBe(4 * each)
    const rejected = scenario.ledger.entries().filter(({ kind }) => kind === 'call.rejected')
    console.log(`${rejected.length} entries for ${4 * each} refused requests`)
    expect(rejected.length).toBeLessThan(500)
    const counted = new Map<number, number>()
    for (const { status, count: times = 1 } of rejected)
      counted.set(Number(status), (counted.get(Number(status)) ?? 0) + Number(times))
    // Behind an answer that closes a connection requests may have been refused whose answers nobody got.
    for (const [status, times] of answered) expect(counted.get(status)).toBeGreaterThanOrEqual(times)
    expect(counted.get(404)).toBe(each)
    expect(scenario.check()).toEqual([])
  } finally {
    await scenario.close()
  }
})
