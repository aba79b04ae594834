/** For vitest: what a test starts ends with it, also when it fails or takes too long. */
import { afterAll, afterEach, beforeEach } from 'vitest'
import { endStarted, startedAndLiving } from './started.ts'

let earlier = startedAndLiving()
beforeEach(() => {
  earlier = startedAndLiving()
})
afterEach(() => endStarted(earlier))
// What was started before the first test, for all of them, ends after the last.
afterAll(() => endStarted())
