/**
 * `node --import sampler.ts …`: samples the CPU and the allocations of each thread of a process between two SIGUSR2, and writes
 * them into the folder in BENCH_PROFILE_FOLDER. For the bench alone.
 */
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads'

const folder = process.env['BENCH_PROFILE_FOLDER'] as string
const name = isMainThread ? 'main' : `worker-${threadId}`
const session = new Session()
session.connect()

const cpuEveryMicros = 200
const allocationEveryBytes = 4096

async function start(): Promise<void> {
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: cpuEveryMicros })
  await session.post('Profiler.start')
  // What was collected meanwhile counts too: garbage is what costs.
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: allocationEveryBytes,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true
  })
}

async function stop(): Promise<void> {
  const cpu = await session.post('Profiler.stop')
  const heap = await session.post('HeapProfiler.stopSampling')
  writeFileSync(join(folder, `${name}.cpuprofile`), JSON.stringify(cpu.profile))
  writeFileSync(join(folder, `${name}.heapprofile`), JSON.stringify(heap.profile))
  writeFileSync(join(folder, `${name}.done`), '')
}

let isSampling = false
function toggle(): void {
  isSampling = !isSampling
  void (isSampling ? start() : stop())
}

const channel = new BroadcastChannel('bench-profile')
channel.onmessage = toggle
// Node's listener of a channel keeps a thread alive, and a worker has to end by itself.
channel.unref()
if (isMainThread)
  process.on('SIGUSR2', () => {
    toggle()
    channel.postMessage(null)
  })
