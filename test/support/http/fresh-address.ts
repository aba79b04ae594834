let addresses = 0

/** An address of this machine that no other test of the file has sent from: its count of failures is its own. */
export function freshAddress(): string {
  addresses++
  return `127.1.${Math.floor(addresses / 250)}.${(addresses % 250) + 1}`
}
