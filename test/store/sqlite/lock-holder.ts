/** A process that takes the lock on the path it is given, says whether it has it, and waits to be killed. */
import { takeProcessLock } from '../../../src/store/sqlite/process-lock.ts'

const lock = takeProcessLock(process.argv[2] ?? '')
process.send?.(lock !== null)
setInterval(() => lock, 60_000)
