import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import type { Config } from '../../config/config.ts'
import type { ConfigIssue } from '../../config/error.ts'

/** Notes hosts on which `serve` could not listen. A port in use is no fault: the gateway itself may be running. */
export async function checkListeners({ host, adminHost }: Config, faults: ConfigIssue[]): Promise<void> {
  const hosts = [
    ['GATEWAY_HOST', host],
    ['GATEWAY_ADMIN_HOST', adminHost]
  ] as const
  for (const [key, name] of hosts) {
    const reason = await bindFault(name)
    if (reason !== null) faults.push({ key, detail: `cannot listen: ${reason}` })
  }
}

/** Null for a name that `serve` would resolve to an address of this machine. */
async function bindFault(host: string): Promise<string | null> {
  try {
    const { address, family } = await lookup(host)
    return (await isOfThisMachine(address, family)) ? null : `this machine has no address ${address}`
  } catch (error) {
    return (error as Error).message
  }
}

/** Binds a datagram socket, which needs a local address as a listener does, and to which nobody can connect. */
async function isOfThisMachine(address: string, family: number): Promise<boolean> {
  const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', ipv6Only: false })
  try {
    socket.bind({ address, port: 0, exclusive: true })
    await once(socket, 'listening')
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL') return false
    throw error
  } finally {
    socket.close()
  }
}
