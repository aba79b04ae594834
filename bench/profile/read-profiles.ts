import { readFileSync } from 'node:fs'
import type { HeapProfiler, Profiler } from 'node:inspector'
import type { ProfileNode } from './stages.ts'

/** A CPU profile as a tree, in microseconds. */
export function readCpuProfile(path: string): ProfileNode {
  const { nodes, samples = [], timeDeltas = [] } = JSON.parse(readFileSync(path, 'utf8')) as Profiler.Profile
  const micros = new Map<number, number>()
  for (const [index, id] of samples.entries())
    micros.set(id, (micros.get(id) ?? 0) + (timeDeltas[index] ?? 0))
  type Node = { callFrame: Profiler.ProfileNode['callFrame']; self: number; children: Node[] }
  const byId = new Map<number, Node>(
    nodes.map(({ id, callFrame }) => [id, { callFrame, self: micros.get(id) ?? 0, children: [] }])
  )
  for (const { id, children = [] } of nodes)
    for (const child of children) byId.get(id)?.children.push(byId.get(child) as Node)
  return byId.get(nodes[0]?.id ?? 0) as Node
}

/** A profile of allocations as a tree, in bytes. */
export function readHeapProfile(path: string): ProfileNode {
  const { head } = JSON.parse(readFileSync(path, 'utf8')) as HeapProfiler.SamplingHeapProfile
  const convert = ({ callFrame, selfSize, children }: HeapProfiler.SamplingHeapProfileNode): ProfileNode => ({
    callFrame,
    self: selfSize,
    children: children.map(convert)
  })
  return convert(head)
}
