import { LogDestination } from '../../src/telemetry/log-destination.ts'

// Writes numbered lines to its standard output, which may be on a full disk, until it is asked to end.
const destination = new LogDestination(1)
let number = 0
const timer = setInterval(() => destination.write(`{"line":${++number}}\n`), 2)
process.once('SIGTERM', async () => {
  clearInterval(timer)
  destination.write(`{"last":${number},"losing":${destination.isLosing}}\n`)
  await destination.end(5_000)
  process.exit()
})
