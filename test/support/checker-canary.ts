import type { Violation } from './checker-histories.ts'

/** A place where a key may have leaked to: its name, and what is in it. */
export type Sink = { readonly name: string; readonly content: string | Uint8Array }

/** I7: the key is in none of the sinks, in any of the forms in which it could have got there. */
export function scanForCanary(canary: string, sinks: Iterable<Sink>): Violation[] {
  const forms = canaryForms(canary)
  const violations: Violation[] = []
  for (const { name, content } of sinks) {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : Buffer.from(content)
    for (const [form, needle] of forms)
      if (bytes.includes(needle))
        violations.push({ invariant: 'I7', detail: `the key is in ${name} (${form})` })
  }
  return violations
}

/** Every form of the key that is searched for. Short keys would be found by chance. */
export function canaryForms(canary: string): Map<string, Buffer> {
  if (canary.length < 12) throw new RangeError('a canary key has at least 12 characters')
  const bytes = Buffer.from(canary, 'utf8')
  const hex = bytes.toString('hex')
  const percent = (digits: string) => digits.replace(/../g, '%$&')
  const forms: [string, string | Buffer][] = [
    ['plain', canary],
    ['hex', hex],
    ['hex in capitals', hex.toUpperCase()],
    ['URL-encoded', encodeURIComponent(canary)],
    ['URL-encoded throughout', percent(hex)],
    ['URL-encoded throughout in capitals', percent(hex.toUpperCase())],
    ['reversed', [...canary].reverse().join('')],
    ['UTF-16', Buffer.from(canary, 'utf16le')]
  ]
  for (const offset of [0, 1, 2]) {
    const text = alignedBase64(bytes, offset)
    forms.push(
      [`base64 at ${offset}`, text],
      [`base64url at ${offset}`, text.replaceAll('+', '-').replaceAll('/', '_')]
    )
  }
  return new Map(forms.map(([form, needle]) => [form, Buffer.from(needle)]))
}

/** The base64 characters that stand for these bytes alone when `offset` other bytes come before them. */
function alignedBase64(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replace(/=+$/, '')
  // A character holds six bits: those that are shared with what comes before or after can be anything.
  const from = Math.ceil((offset * 8) / 6)
  const to = Math.floor(((offset + bytes.length) * 8) / 6)
  return text.slice(from, to)
}
