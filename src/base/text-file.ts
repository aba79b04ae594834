import { isUtf8 } from 'node:buffer'

/** The mark that some editors begin a file with. */
const byteOrderMark = '\ufeff'

/** What a file holds as text without a byte order mark, or why it holds none. */
export type TextRead = { readonly text: string } | { readonly fault: string }

/** Reads bytes as UTF-8. Editors and shells of Windows write UTF-16, which as UTF-8 would be another text or none. */
export function readText(bytes: Buffer): TextRead {
  if (isUtf16(bytes)) return { fault: 'is text in UTF-16: save it as UTF-8' }
  if (!isUtf8(bytes)) return { fault: 'is no text (UTF-8)' }
  const text = bytes.toString('utf8')
  return { text: text.startsWith(byteOrderMark) ? text.slice(1) : text }
}

/** Whether bytes begin as text in UTF-16 does. */
export function isUtf16(bytes: Buffer): boolean {
  return ['fffe', 'feff'].includes(bytes.subarray(0, 2).toString('hex'))
}
