/** `node --import without-ledger.ts …`: a gateway whose ledger answers at once and records nothing. For the bench alone. */
import { registerHooks } from 'node:module'

const stub = `
export class Ledger {
  fault = null
  async recordIntent() {}
  async recordOutcome() {}
  recordRejection() {}
  async flush() {}
}`

registerHooks({
  load(url, context, next) {
    if (!url.endsWith('/src/ledger/ledger.ts')) return next(url, context)
    return { format: 'module', source: stub, shortCircuit: true }
  }
})
