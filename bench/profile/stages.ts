/** What the two kinds of profile have in common: a tree of functions. */
export interface ProfileNode {
  readonly callFrame: { readonly functionName: string; readonly url: string }
  readonly children: readonly ProfileNode[]
  /** Microseconds, or bytes. */
  readonly self: number
}

/** The stages of a call, in its order, each with the places in the program whose work it is. */
const stages: readonly (readonly [name: string, places: RegExp])[] = [
  [
    'request context, access log',
    /\/src\/plugins\/(request-context|access-log)|\/src\/telemetry\/|\/pino|\/sonic-boom|\/thread-stream/
  ],
  ['authentication', /\/src\/(identity|tenants\/keys)\/|\/src\/plugins\/tenant-auth/],
  ['limits', /\/src\/limits\/|\/src\/plugins\/rate-limit|\/src\/upstream\/budget/],
  ['body', /\/src\/(plugins\/json-body|http\/parsing\/)|\/secure-json-parse\//],
  ['validation, serialization', /\/(ajv|fast-json-stringify|fast-uri)[^/]*\//],
  ['keys, leak scan', /\/src\/custody\//],
  ['ledger', /\/src\/(ledger|store|base\/rpc|threads)/],
  ['upstream', /\/src\/upstream\//],
  ['undici', /\/undici\//],
  ['connections', /\/src\/http\//],
  ['guards, route, problem', /\/src\//],
  ['Fastify', /\/node_modules\//]
]

const native = new Map([
  ['(garbage collector)', 'garbage collection'],
  ['(idle)', 'idle'],
  ['(program)', 'Node: native code']
])
const elsewhere = 'Node: sockets, HTTP, timers'

/**
 * What each stage took. A function of no stage (of Node, of V8) counts for the one that called it; what no stage called is Node's own.
 */
export function byStage(root: ProfileNode): Map<string, number> {
  const sums = new Map<string, number>([...stages.map(([name]) => [name, 0] as const), [elsewhere, 0]])
  // By hand, not by recursion: profiles are deep.
  const open: (readonly [ProfileNode, string])[] = [[root, elsewhere]]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [{ callFrame, self, children }, caller] = next
    const stage = native.get(callFrame.functionName) ?? stageOf(callFrame.url) ?? caller
    sums.set(stage, (sums.get(stage) ?? 0) + self)
    for (const child of children) open.push([child, stage])
  }
  return sums
}

function stageOf(url: string): string | undefined {
  return stages.find(([, places]) => places.test(url))?.[0]
}
