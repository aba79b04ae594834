import { isUtf8 } from 'node:buffer'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { domainError } from '../../contract/error-table.ts'

/** More than any secret has, and the most that is read of a file named by mistake. */
const longestSecretBytes = 64 * 1024

/** All bytes of a small regular file, in a buffer of their own. Throws `secret_unavailable`, or the error of the system. */
export function readSecretFile(path: string): Buffer {
  // Non-blocking: opening a pipe without a writer would never return.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  const bytes = Buffer.alloc(longestSecretBytes + 1)
  try {
    const stats = fstatSync(file)
    // Reading a folder fails with a code of its own.
    if (!stats.isFile() && !stats.isDirectory())
      throw domainError('secret_unavailable', 'it is no regular file')
    const length = readInto(file, bytes)
    if (length > longestSecretBytes)
      throw domainError('secret_unavailable', `it has more than ${longestSecretBytes} bytes`)
    return Buffer.from(bytes.subarray(0, length))
  } finally {
    closeSync(file)
    bytes.fill(0)
  }
}

/**
 * A secret without white space and byte order mark, in a buffer of its own; `text` is zeroed. Never a string, which would stay
 * in memory until it is collected. Null when it is not UTF-8.
 */
export function trimmedSecret(text: Buffer): Buffer | null {
  try {
    if (!isUtf8(text)) return null
    let [from, to] = [0, text.length]
    while (to > from && isSpace(text[to - 1])) to--
    while (from < to && isSpace(text[from])) from++
    if (text.subarray(from, to).indexOf(byteOrderMark) === 0) from += byteOrderMark.length
    while (from < to && isSpace(text[from])) from++
    return Buffer.from(text.subarray(from, to))
  } finally {
    text.fill(0)
  }
}

const byteOrderMark = Buffer.from('\ufeff')

/** Space, tab and the line ends. */
function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d)
}

/** How many bytes of the file fit into the buffer. */
function readInto(file: number, bytes: Buffer): number {
  let length = 0
  while (length < bytes.length) {
    const read = readSync(file, bytes, length, bytes.length - length, null)
    if (read === 0) break
    length += read
  }
  return length
}
