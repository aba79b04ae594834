import type { ConfigFault } from './config-fault.ts'
import type { TlsMaterial } from './tls-files.ts'

/** Certificates that are not valid now, whose files can be used otherwise: whoever connects will refuse them, or be refused. */
export function invalidPeriods({ certificates }: TlsMaterial, now: Date): ConfigFault[] {
  return certificates.flatMap(({ setting: key, from, to }) => {
    if (to <= now) return [{ key, detail: `holds a certificate that has expired (${to.toISOString()})` }]
    if (from > now)
      return [{ key, detail: `holds a certificate that is not valid before ${from.toISOString()}` }]
    return []
  })
}
