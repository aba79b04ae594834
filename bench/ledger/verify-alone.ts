/** `verify-alone.ts STORE_URL`: verifies a ledger in a process of its own and prints what that took, as JSON. */
import { readWriters } from '../../src/ledger/query/chain-heads.ts'
import { readStore } from '../../src/ledger/query/read-store.ts'
import { verifyLedger } from '../../src/ledger/verify/verify.ts'
import { openReadOnlyStore } from '../../src/store/sqlite/read-only-store.ts'

const { raw } = openReadOnlyStore(process.argv[2] ?? '')
const before = process.cpuUsage()
const { entries, faults } = await verifyLedger(readStore(raw), readWriters(raw))
const { user, system } = process.cpuUsage(before)
console.log(
  JSON.stringify({
    entries,
    faults: faults.length,
    perCpuSecond: entries / ((user + system) / 1e6),
    peakRssMb: process.resourceUsage().maxRSS / 1024
  })
)
