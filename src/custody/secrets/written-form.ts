/**
 * What surrounds a secret, e.g. quotes, and what to do about it; null when it looks like a secret alone. Such forms come from
 * files of variables, copied headers and secret stores, and would pass for a key until the upstream rejects it.
 */
export function writtenForm(secret: Buffer): string | null {
  const text = secret.subarray(0, longestLook).toString('latin1')
  const last = String.fromCharCode(secret.at(-1) ?? 0)
  return forms.find(({ matches }) => matches(text, last))?.advice ?? null
}

/** Far more bytes than any of these forms puts before the secret. */
const longestLook = 256

type Form = { readonly matches: (text: string, last: string) => boolean; readonly advice: string }

const forms: readonly Form[] = [
  {
    matches: (text, last) => /^["'`]/.test(text) && last === text[0],
    advice: 'is in quotes: give it without them'
  },
  {
    // A base64 text may end in `=`.
    matches: text => /^(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=\s*[^=\s]/.test(text),
    advice: 'is written as NAME=value: give the value alone'
  },
  { matches: text => /^bearer\s/i.test(text), advice: 'has the word Bearer before it: give the key alone' },
  {
    matches: text => /^(?:x-api-key|authorization)\s*:/i.test(text),
    advice: 'is written as a header: give its value alone'
  },
  { matches: text => text.startsWith('{'), advice: 'is written as JSON: give the value alone' }
]
