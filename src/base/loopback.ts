import { isIP } from 'node:net'

/** True for 127.0.0.0/8, ::1 and localhost: traffic to them never leaves the machine. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  return host === 'localhost' || (isIP(host) === 4 && host.startsWith('127.')) || host === '::1'
}
