import { open } from 'node:fs/promises'
import { type FoundEntry, type MalformedEntry, readExported } from './found-entry.ts'

/** Characters a line may have: an entry has some hundreds. A file without line ends must not fill the memory. */
const longestLine = 1 << 20

/** All entries of an exported file, in batches, for `verifyLedger`. Throws what opening or reading the file throws. */
export async function* exportedEntries(
  path: string
): AsyncGenerator<readonly (FoundEntry | MalformedEntry)[]> {
  const file = await open(path)
  let count = 0
  let rest = ''
  try {
    for await (const chunk of file.createReadStream({ encoding: 'utf8', highWaterMark: 1 << 18 })) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      yield lines.map(line => readExported(`line ${++count}`, line))
      if (rest.length > longestLine)
        return yield [{ place: `line ${count + 1}`, malformed: 'it is too long' }]
    }
    if (rest !== '') yield [readExported(`line ${count + 1}`, rest)]
  } finally {
    await file.close()
  }
}
