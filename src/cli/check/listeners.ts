import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import type { Config } from '../../config/config.ts'
import type { ConfigIssue } from '../../config/error.ts'

/** Hosts on which `serve` could not listen. That a port is taken is no fault: the gateway itself may be running. */
export async function checkListeners({ host, adminHost }: Config, faults: ConfigIssue[]): Promise<void> {
  const hosts = [
    ['GATEWAY_HOST', host],
    ['GATEWAY_ADMIN_HOST', adminHost]
  ] as const
  for (const [key, name] of hosts) {
    const reason = await whyNot(name)
    if (reason !== null) faults.push({ key, detail: `cannot listen: ${reason}` })
  }
}

/** Null for a name that `serve` would resolve to an address of this machine. */
async function whyNot(host: string): Promise<string | null> {
  try {
    const { address, family } = await lookup(host)
    return (await isOfThisMachine(address, family)) ? null : `this machine has no address ${address}`
  } catch (error) {
    return (error as Error).message
  }
}

/** Asked by a socket that takes nothing: it needs an address as one that listens does, and nobody can connect to it. */
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
