import { isUtf8 } from 'node:buffer'

const byteOrderMark = '\ufeff'

type TextRead = { readonly text: string } | { readonly fault: string }

/** Reads bytes as UTF-8, without byte order mark. Names UTF-16, which Windows tools write. */
export function decodeText(bytes: Buffer): TextRead {
  if (isUtf16(bytes)) return { fault: 'is text in UTF-16: save it as UTF-8' }
  if (!isUtf8(bytes)) return { fault: 'is no text (UTF-8)' }
  const text = bytes.toString('utf8')
  return { text: text.startsWith(byteOrderMark) ? text.slice(1) : text }
}

/** By the byte order mark. */
export function isUtf16(bytes: Buffer): boolean {
  return ['fffe', 'feff'].includes(bytes.subarray(0, 2).toString('hex'))
}
