/** For vitest: files in a random order, but those that take longest first, so that none of them is still at work when all else is done. */
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { seededRandom } from '../../../src/sandbox/seeded-random.ts'

const longest = /\/test\/(?:scenarios|docs)\//

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const random = seededRandom(this.ctx.config.sequence.seed, 'files')
    const keyed = files.map(file => ({ file, key: random.next() - (longest.test(file.moduleId) ? 1 : 0) }))
    return keyed.sort((one, other) => one.key - other.key).map(({ file }) => file)
  }
}
