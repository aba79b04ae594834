import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gatewayCommand, storeFile } from '../contenders/gateway.ts'
import { bar } from '../report/bars.ts'
import { table } from '../report/tables.ts'
import { seededRandom, shuffle } from '../shuffle.ts'
import { median } from '../statistics.ts'
import { type ChangeKind, changeKinds } from './change-kinds.ts'
import type { Part, Size } from './part.ts'
import { type RunningGateway, runGateway } from './running-gateway.ts'
import type { Stores } from './stores.ts'
import { addSubjects, connector, type Subject } from './subjects.ts'
import { type Question, whenAnswered } from './watcher.ts'

const limitMs = 1_000
/** A gateway looks for changes in its own rhythm: each change begins at another instant of it. */
const rhythmMs = 250
const run = promisify(execFile)
const random = seededRandom(42)

type Means = 'command' | 'admin API'
type Change = { readonly kind: ChangeKind; readonly means: Means; readonly subject: Subject }
/** Until a change was in effect on every process, from its end and from its beginning. */
type Took = {
  readonly kind: ChangeKind
  readonly means: Means
  readonly sinceEndMs: number
  readonly sinceBeginMs: number
}

async function byCommand({ kind, subject }: Change, { env }: RunningGateway): Promise<void> {
  const [file, ...args] = gatewayCommand([], ...kind.command(subject), '--json') as [string, ...string[]]
  await run(file, args, { env: { ...process.env, ...env } })
}

async function byRequest(
  { kind, subject }: Change,
  { place }: RunningGateway,
  adminKey: string
): Promise<void> {
  const { method, path, body } = kind.request(subject)
  const headers = { authorization: `Bearer ${adminKey}`, ...(body && { 'content-type': 'application/json' }) }
  const url = `http://127.0.0.1:${place.adminPort}${path}`
  const answer = await fetch(url, { method, headers, ...(body && { body }) })
  const text = await answer.text()
  if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`)
}

/** Makes one change while both gateways are asked all the time. */
async function timeChange(
  change: Change,
  gateways: readonly RunningGateway[],
  nth: number,
  adminKey: string
): Promise<Took> {
  const { kind, means, subject } = change
  const [before, after] = kind.statuses
  const questions = gateways.map(({ place: { port } }): Question => {
    const from = `127.2.${nth >> 8}.${nth & 255 || 1}`
    return { port, path: `/connectors/${connector}/syncs`, key: subject.key, from }
  })
  await Promise.all(questions.map(question => whenAnswered(question, before)))
  const watching = Promise.all(questions.map(question => whenAnswered(question, after)))
  // The first failure is reported below; this only keeps the other from being one that nobody has seen.
  watching.catch(() => {})
  await sleep(random() * rhythmMs)
  const gateway = gateways[nth % gateways.length] as RunningGateway
  const begunAt = performance.now()
  await (means === 'command' ? byCommand(change, gateway) : byRequest(change, gateway, adminKey))
  const endedAt = performance.now()
  const seenAt = Math.max(...(await watching))
  return { kind, means, sinceEndMs: Math.max(0, seenAt - endedAt), sinceBeginMs: seenAt - begunAt }
}

/** How soon a change is in effect on each of two gateways over one store with many tenants. */
export async function measureChanges(
  { tenants, changes }: Size,
  { folder, large, upstreamPort }: Stores
): Promise<Part> {
  const wanted = changeKinds.flatMap((kind, index) =>
    (['command', 'admin API'] as const).flatMap(means =>
      Array.from({ length: changes }, (_, nth) => ({
        kind,
        means,
        tenant: `subject-${index}-${means === 'command' ? 'c' : 'a'}-${nth}`,
        isGranted: kind.isGranted
      }))
    )
  )
  const { subjects, adminKey } = await addSubjects(large, wanted)
  const planned = wanted.map(({ kind, means }, index) => ({
    kind,
    means,
    subject: subjects[index] as Subject
  }))
  const where = { store: storeFile(large), upstreamPort, cores: null }
  const gateways = [
    await runGateway(join(folder, 'first-gateway'), where),
    await runGateway(join(folder, 'second-gateway'), where)
  ]
  const took: Took[] = []
  try {
    for (const [nth, change] of shuffle(planned, random).entries())
      took.push(await timeChange(change, gateways, nth, adminKey))
  } finally {
    for (const gateway of gateways) await gateway.stop()
  }
  return report(took, tenants)
}

function report(took: readonly Took[], tenants: number): Part {
  const of = (kind: ChangeKind, means: Means) => took.filter(one => one.kind === kind && one.means === means)
  const worst = (ones: readonly Took[], of: (one: Took) => number) => Math.max(...ones.map(of))
  const pairs = changeKinds.flatMap(kind =>
    (['command', 'admin API'] as const).map(means => ({ kind, means }))
  )
  const bars = pairs.map(({ kind, means }) =>
    bar(
      `${kind.name} by ${means}: in effect on both processes after its end, worst of ${of(kind, means).length}`,
      worst(of(kind, means), one => one.sinceEndMs),
      limitMs,
      false,
      ms => `${ms.toFixed(0)} ms`
    )
  )
  const rows = pairs.map(({ kind, means }) => {
    const ones = of(kind, means)
    const figures = [(one: Took) => one.sinceEndMs, (one: Took) => one.sinceBeginMs].flatMap(time => [
      median(ones.map(time)).toFixed(0),
      worst(ones, time).toFixed(0)
    ])
    return [`${kind.name}, by ${means}`, ...figures]
  })
  const head = ['', 'from its end, median, ms', 'worst, ms', 'from its beginning, median, ms', 'worst, ms']
  const title = `### Until a change is in effect on both of two processes, with ${tenants} tenants`
  return { bars, text: `${title}\n\n${table(head, rows)}` }
}
