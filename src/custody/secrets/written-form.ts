/**
 * How a secret is written when more stands there than the secret: in words that say what to do, and nothing of it. Null when
 * it looks like a secret alone. Files of variables, headers that were copied and stores of secrets give such forms, and each
 * would pass for a key until the upstream refuses it.
 */
export function writtenForm(secret: Buffer): string | null {
  const text = secret.subarray(0, longestLook).toString('latin1')
  const last = String.fromCharCode(secret.at(-1) ?? 0)
  return forms.find(({ matches }) => matches(text, last))?.told ?? null
}

/** Far more than any of these forms has before the secret itself. */
const longestLook = 256

type Form = { readonly matches: (text: string, last: string) => boolean; readonly told: string }

const forms: readonly Form[] = [
  {
    matches: (text, last) => /^["'`]/.test(text) && last === text[0],
    told: 'is in quotes: give it without them'
  },
  {
    // A base64 text may end in `=`, and in nothing else behind that.
    matches: text => /^(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=\s*[^=\s]/.test(text),
    told: 'is written as NAME=value: give the value alone'
  },
  { matches: text => /^bearer\s/i.test(text), told: 'has the word Bearer before it: give the key alone' },
  {
    matches: text => /^(?:x-api-key|authorization)\s*:/i.test(text),
    told: 'is written as a header: give its value alone'
  },
  { matches: text => text.startsWith('{'), told: 'is written as JSON: give the value alone' }
]
