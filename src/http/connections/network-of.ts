/** Whose an address is: itself, or for IPv6 its /64, as a host chooses freely among those. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail = ''] = address.split('::')
  const front = head === '' ? [] : head.split(':')
  const missing = address.includes('::') ? 8 - front.length - tail.split(':').filter(Boolean).length : 0
  return [...front, ...Array<string>(Math.max(0, missing)).fill('0'), ...tail.split(':')]
    .slice(0, 4)
    .join(':')
}
