import { closeSync, fdatasyncSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const blockBytes = 4096
const blocks = 200

/**
 * How long this disk takes to make 4 KiB durable (write, then fdatasync), in milliseconds, many times over.
 * The file is laid out beforehand: growing it would cost a journal commit as well, and the cheaper of the
 * two is the stricter yardstick.
 */
export function diskSyncMs(folder: string): number[] {
  const path = join(folder, 'sync-probe')
  const file = openSync(path, 'w')
  try {
    writeSync(file, Buffer.alloc(blockBytes * blocks, 1))
    fsyncSync(file)
    const block = Buffer.alloc(blockBytes, 2)
    return Array.from({ length: blocks }, (_, index) => {
      const startedAt = performance.now()
      writeSync(file, block, 0, blockBytes, index * blockBytes)
      fdatasyncSync(file)
      return performance.now() - startedAt
    })
  } finally {
    closeSync(file)
    rmSync(path)
  }
}
