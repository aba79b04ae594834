/**
 * Ends this process when the one that started it is gone, however that happened: standard input is a pipe
 * from it, and a pipe closes also when its writer is killed outright.
 */
export function leaveWithParent(): void {
  process.stdin.resume()
  process.stdin.on('end', () => process.exit(0))
  process.stdin.on('error', () => process.exit(0))
}
