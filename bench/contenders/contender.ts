import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { callerKey, upstreamKey } from '../fixture.ts'

/** Where a contender is to run in one round. */
export interface Place {
  /** Empty, on the repository's disk, gone after the round. */
  readonly folder: string
  readonly port: number
  /** Another free port, for a contender that listens twice. */
  readonly adminPort: number
  readonly upstreamPort: number
  readonly gatewayNodeFlags: readonly string[]
}

/** How to start one process of a contender. */
export interface Launch {
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The header lines with which it lets a caller in. */
  readonly credential: string
  /** Stands before the path of every request. */
  readonly prefix?: string
}

/** One of those who are measured side by side. */
export interface Contender {
  /** For `--only` and for looking up ratios. */
  readonly name: string
  readonly title: string
  /** Why it cannot run here, or null. */
  whyMissing(): string | null
  /** Work that is done once for all rounds, in a folder that lives as long as the run. */
  prepare?(folder: string, place: Pick<Place, 'upstreamPort'>): void
  /** Null for the upstream itself, which runs already. */
  launch(place: Place): Launch | null
  /** Looks at what it left behind after `calls` calls; throws when that is not what it promises. */
  check?(folder: string, calls: number): void
}

/** For contenders without custody: the caller itself holds the upstream's key. */
export const passedOnKey = `X-API-KEY: ${upstreamKey}`

/** For contenders that keep the upstream's key and know their callers by another. */
export const ownKey = `Authorization: Bearer ${callerKey}`

/** The absolute path of a file of the repository. */
export function repositoryPath(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url))
}

/** The first of the folders for programs that has `name`, as an absolute path, or null. */
export function installedProgram(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin']
  return folders.map(folder => join(folder, name)).find(path => existsSync(path)) ?? null
}
