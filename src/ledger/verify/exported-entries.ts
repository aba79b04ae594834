import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { parseExported, type ReadEntry } from '../entry/parse-entry.ts'

/** Characters a line may have. Most entries have some hundreds; one that records a prune may have many more. */
const longestLine = 1 << 24
const chunkBytes = 1 << 18

/** All entries of exported files, one after the other, in batches. Throws what opening or reading a file throws. */
export async function* exportedEntries(...paths: readonly string[]): AsyncGenerator<readonly ReadEntry[]> {
  for (const path of paths) {
    const name = paths.length === 1 ? '' : `${path} `
    let count = 0
    for await (const lines of linesOf(path))
      yield lines.map(line => {
        const location = `${name}line ${++count}`
        return line === null ? { location, malformed: 'it is too long' } : parseExported(location, line)
      })
  }
}

/** The lines of a file in batches; null, as the last, for one that is too long for any export. */
export async function* linesOf(path: string): AsyncGenerator<(string | null)[]> {
  let rest = ''
  for await (const chunk of await textOf(path)) {
    const lines = chunk.split('\n')
    lines[0] = rest + lines[0]
    rest = lines.pop() ?? ''
    yield lines
    if (rest.length > longestLine) return yield [null]
  }
  if (rest !== '') yield [rest]
}

async function textOf(path: string): Promise<AsyncIterable<string>> {
  const zipped = await isGzip(path)
  const bytes = createReadStream(path, { highWaterMark: chunkBytes })
  if (!zipped) return bytes.setEncoding('utf8')
  // Who reads what is unzipped gets the error of either.
  return pipeline(bytes, createGunzip({ chunkSize: chunkBytes }), () => {}).setEncoding('utf8')
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0)
    return bytesRead === 2 && buffer.readUInt16BE() === 0x1f8b
  } finally {
    await file.close()
  }
}
