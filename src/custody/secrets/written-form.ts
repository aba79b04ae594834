/**
 * What surrounds a secret, e.g. quotes, and what to do about it; null when it looks like a secret alone. Such forms come from
 * files of variables, copied headers and secret stores, and would pass for a key until the upstream rejects it.
 */
export function writtenForm(secret: Buffer): string | null {
  const [start, end] = [
    secret.subarray(0, longestLook),
    secret.subarray(Math.max(longestLook, secret.length - 1))
  ]
  const text = start.toString('latin1') + end.toString('latin1')
  return forms.find(([form]) => form.test(text))?.[1] ?? null
}

/** Far more bytes than any of these forms puts before the secret. */
const longestLook = 256

const forms: readonly (readonly [form: RegExp, advice: string])[] = [
  [/^(["'`])(?:.*\1)?$/s, 'is in quotes: give it without them'],
  // A base64 text may end in `=`.
  [/^(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=\s*[^=\s]/, 'is written as NAME=value: give the value alone'],
  [/^bearer\s/i, 'has the word Bearer before it: give the key alone'],
  [/^(?:x-api-key|authorization)\s*:/i, 'is written as a header: give its value alone'],
  [/^\{/, 'is written as JSON: give the value alone']
]
