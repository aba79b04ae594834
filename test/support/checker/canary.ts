import type { Violation } from './histories.ts'

/** A place where a key may have leaked to: its name, and what is in it. */
export type Sink = { readonly name: string; readonly content: string | Uint8Array }

/** I7: neither the key nor a good part of it is in any of the sinks, in any of the forms in which it could have got there. */
export function scanForCanary(canary: string, sinks: Iterable<Sink>): Violation[] {
  const forms = new Map([...canaryForms(canary), ...canaryDisguises(canary), ...canaryParts(canary)])
  const violations: Violation[] = []
  for (const { name, content } of sinks) {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : Buffer.from(content)
    for (const [form, needle] of forms)
      if (bytes.includes(needle))
        violations.push({ invariant: 'I7', detail: `the key is in ${name} (${form})` })
  }
  return violations
}

/** Every form of the key in which a program repeats it that does not know it for a secret. Short keys would be found by chance. */
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

/** The whole key in forms that somebody has to think of. */
export function canaryDisguises(canary: string): Map<string, Buffer> {
  const codes = [...Buffer.from(canary, 'utf8')]
  const reversed = [...canary].reverse().join('')
  const base64 = Buffer.from(canary).toString('base64').replace(/=+$/, '')
  const forms: [string, string][] = [
    ['with - for _', canary.replaceAll('_', '-')],
    ['with . for _', canary.replaceAll('_', '.')],
    ['in capitals', canary.toUpperCase()],
    ['in small letters', canary.toLowerCase()],
    ['in the other case', canary.replace(/[a-z]|[A-Z]/g, each => otherCase(each))],
    ['rot13', rot13(canary)],
    ['rot13 reversed', rot13(reversed)],
    ['base64 reversed', [...base64].reverse().join('')],
    ['base64 of the key reversed', alignedBase64(Buffer.from(reversed), 0)],
    ['hex reversed', [...Buffer.from(canary).toString('hex')].reverse().join('')],
    ...['', ' ', ',', ', ', '.', '-', ':', '_'].map((separator): [string, string] => [
      `decimal codes with "${separator}"`,
      codes.join(separator)
    ]),
    ['decimal codes of three digits', codes.map(code => String(code).padStart(3, '0')).join('')],
    ...[':', '-', ' ', '.'].map((separator): [string, string] => [
      `hex with "${separator}"`,
      codes.map(code => code.toString(16)).join(separator)
    ]),
    ['hex of C', codes.map(code => `0x${code.toString(16)}`).join('-')]
  ]
  for (const offset of [0, 1, 2, 3, 4]) {
    const text = alignedBase32(Buffer.from(canary), offset)
    forms.push([`base32 at ${offset}`, text], [`base32 at ${offset} in small letters`, text.toLowerCase()])
  }
  return new Map(forms.map(([form, text]) => [form, Buffer.from(text)]))
}

/** Parts of the key that are worth something to who has them. */
export function canaryParts(canary: string): Map<string, Buffer> {
  const middle = Math.floor(canary.length / 2)
  const parts: [string, string][] = [
    ['the key without what all keys begin with', canary.replace(/^bd_v2_/, '')],
    ['the key without its last character', canary.slice(0, -1)],
    ['the first half', canary.slice(0, middle)],
    ['the second half', canary.slice(middle)]
  ]
  return new Map(
    parts.filter(([, part]) => part.length >= 12).map(([form, part]) => [form, Buffer.from(part)])
  )
}

function otherCase(letter: string): string {
  return letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()
}

function rot13(text: string): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz'
  return text.replace(/[a-z]/gi, letter => {
    const turned = letters.charAt((letters.indexOf(letter.toLowerCase()) + 13) % 26)
    return letter === letter.toLowerCase() ? turned : turned.toUpperCase()
  })
}

/** The base32 characters that stand for these bytes alone when `offset` other bytes come before them. */
function alignedBase32(bytes: Buffer, offset: number): string {
  const bits = [...Buffer.concat([Buffer.alloc(offset), bytes])]
    .map(byte => byte.toString(2).padStart(8, '0'))
    .join('')
  const digits: string[] = []
  for (let from = Math.ceil((offset * 8) / 5) * 5; from + 5 <= bits.length; from += 5)
    digits.push('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.charAt(Number.parseInt(bits.slice(from, from + 5), 2)))
  return digits.join('')
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
