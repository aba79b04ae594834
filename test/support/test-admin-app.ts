import { type AdminAppDependencies, buildAdminApp } from '../../src/admin-app.ts'
import { MemoryLimiter } from '../../src/limits/memory-limiter.ts'
import { createLogger } from '../../src/telemetry/logger.ts'

/** The admin listener alone, in front of stand-ins that a test chooses; none of them admits anybody. */
export async function buildTestAdminApp(dependencies: Partial<AdminAppDependencies> = {}) {
  const refuse = async () => {
    throw new Error('nobody is to ask')
  }
  return await buildAdminApp({
    version: '0.0.0',
    logger: createLogger('silent', { write: () => {} }),
    lifecycle: { draining: false },
    trustedProxies: [],
    upstreamDeadlineMs: 30_000,
    unreadiness: () => null,
    adminKeys: { authenticate: () => null },
    limiters: { failures: new MemoryLimiter('unauthenticated') },
    reader: { read: refuse },
    administration: { change: refuse },
    limitsInUse: () => ({ items: [], next: null }),
    credentials: {
      list: () => ({ items: [], next: null }),
      show() {
        throw new Error('nobody is to ask')
      }
    },
    ...dependencies
  })
}
