import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { attach, noStrace } from '../disk/strace.ts'
import type { RunningGateway, Scenario } from './scenario.ts'

/** Something that goes wrong with the store of a running gateway, for real. */
export type StoreCause = {
  readonly name: string
  /** Why it cannot be brought about here, or false. */
  readonly unavailable: string | false
  /** What `/readyz` says about it; null when it is over as soon as it has been noticed. */
  readonly readiness: RegExp | null
  /** Runs before the store is made. */
  readonly prepare?: (scenario: Scenario) => void
  /** Brings it about; what it returns makes it go away. */
  readonly strike: (scenario: Scenario, gateway: RunningGateway) => Promise<() => Promise<void>>
}

const isRoot = process.getuid?.() === 0

function injected(name: string, readiness: RegExp, ...injection: readonly string[]): StoreCause {
  return {
    name,
    unavailable: noStrace,
    readiness,
    async strike(_scenario, { process: { pid } }) {
      const tracer = await attach(pid, '-e', 'trace=fdatasync,fsync,pwrite64', ...injection)
      return tracer.detach
    }
  }
}

/** A process that takes SQLite's write lock, says so, and stops in the middle of its transaction. */
const lockHolder = `
  const { DatabaseSync } = require('node:sqlite')
  const database = new DatabaseSync(process.argv[1], { timeout: 5000 })
  database.exec('BEGIN IMMEDIATE')
  console.log('locked')
  process.kill(process.pid, 'SIGSTOP')
`

export const storeCauses: readonly StoreCause[] = [
  {
    name: 'the disk is full',
    unavailable: isRoot ? false : 'only root may mount a small disk',
    readiness: /disk of the store is full/,
    prepare({ storePath }) {
      mkdirSync(dirname(storePath), { recursive: true })
      const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'none', dirname(storePath)])
      if (status !== 0) throw new Error('the small disk could not be mounted')
    },
    async strike({ storePath }) {
      const ballast = join(dirname(storePath), 'ballast')
      for (let size = 1 << 20; size >= 512; size >>= 1) fill(ballast, size)
      return async () => rmSync(ballast)
    }
  },
  injected('a sync fails', /I\/O error/, '-e', 'inject=fdatasync,fsync:error=EIO'),
  injected('a write fails', /I\/O error/, '-e', 'inject=pwrite64:error=EIO'),
  injected('a sync hangs', /has not answered in time/, '-e', 'inject=fdatasync,fsync:delay_enter=3500000'),
  {
    name: 'a process stops that holds the lock',
    unavailable: false,
    readiness: /locked|has not answered in time/,
    async strike({ storePath }) {
      const holder = spawn(process.execPath, ['-e', lockHolder, storePath], {
        stdio: ['ignore', 'pipe', 'inherit']
      })
      await once(holder.stdout, 'data')
      return async () => {
        holder.kill('SIGKILL')
        await once(holder, 'exit')
      }
    }
  },
  {
    name: 'the file is moved away',
    unavailable: false,
    readiness: /removed or replaced/,
    async strike({ storePath }) {
      renameSync(storePath, `${storePath}.away`)
      return async () => renameSync(`${storePath}.away`, storePath)
    }
  },
  {
    name: 'another store is put in the place of the file',
    unavailable: false,
    readiness: /removed or replaced/,
    async strike({ storePath }) {
      renameSync(storePath, `${storePath}.away`)
      const other = new DatabaseSync(storePath)
      other.exec('CREATE TABLE other (id INTEGER)')
      other.close()
      return async () => renameSync(`${storePath}.away`, storePath)
    }
  },
  {
    name: 'the log beside the file is removed',
    unavailable: false,
    readiness: null,
    async strike({ storePath }) {
      rmSync(`${storePath}-wal`)
      return async () => {}
    }
  },
  {
    name: 'the log and its index beside the file are removed',
    unavailable: false,
    readiness: null,
    async strike({ storePath }) {
      rmSync(`${storePath}-wal`)
      rmSync(`${storePath}-shm`)
      return async () => {}
    }
  }
]

function fill(path: string, size: number): void {
  try {
    for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

/** Undoes `prepare`. */
export function release({ storePath }: Scenario): void {
  if (existsSync(storePath)) spawnSync('umount', ['-l', dirname(storePath)])
}
