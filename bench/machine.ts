import { spawnSync } from 'node:child_process'
import { readFileSync, statfsSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { installedProgram, repositoryPath } from './contenders/contender.ts'
import type { Cores } from './cores.ts'
import { median, percentile } from './statistics.ts'

/** A fact about the machine or the software, for the report: what it is, and how it is. */
export type Fact = readonly [name: string, value: string]

const packages = ['@fastify/http-proxy', '@fastify/reply-from', '@fastify/bearer-auth', '@fastify/rate-limit']
const shared = ['fastify', 'undici', 'pino']

const fileSystems: Readonly<Record<number, string>> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  16914836: 'tmpfs',
  2035054128: 'overlayfs'
}

function version(name: string): string {
  const text = readFileSync(repositoryPath(`bench/node_modules/${name}/package.json`), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

function programVersion(name: string, pattern: RegExp): string {
  const path = installedProgram(name)
  if (path === null) return 'not installed'
  const { stdout, stderr } = spawnSync(path, ['-v'], { encoding: 'utf8' })
  return pattern.exec(stdout + stderr)?.[1] ?? 'unknown'
}

/** The machine itself, and the Node that everything ran on. */
export function hardwareFacts(folder: string, cores: Cores, syncsMs: readonly number[]): Fact[] {
  const all = cpus()
  const placement =
    cores.server === null
      ? 'not pinned'
      : `server under test on core ${cores.server}, load and upstream on ${cores.rest}`
  return [
    ['CPU', `${all[0]?.model.trim()}, ${all.length} cores`],
    ['memory', `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ['kernel', release()],
    ['Node', process.version],
    ['cores', placement],
    ['file system of the store', fileSystems[statfsSync(folder).type] ?? 'other'],
    [
      '4 KiB write + fdatasync there',
      `median ${median(syncsMs).toFixed(3)} ms, p99 ${percentile(syncsMs, 0.99).toFixed(3)} ms`
    ]
  ]
}

/** All that a reader needs to compare these figures with those of another machine. */
export function machineFacts(folder: string, cores: Cores, syncsMs: readonly number[]): Fact[] {
  return [
    ...hardwareFacts(folder, cores, syncsMs),
    ...[...shared, ...packages].map(name => [name, version(name)] as const),
    ['nginx', programVersion('nginx', /nginx\/(\S+)/)],
    ['HAProxy', programVersion('haproxy', /version (\S+)/)]
  ]
}
