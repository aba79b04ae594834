/** One name: its kind up to the colon, then a JSON string where the value holds what could be misread, or else the value. */
const name = /([A-Za-z][A-Za-z -]*):(?:("(?:[^"\\]|\\.)*")|([^,"]*))(?:, |$)/y

/**
 * The URIs in Node's text of a certificate's alternative names; none when the text is malformed. Node quotes values with a comma,
 * quote, backslash or control character: `DNS:a, URI:b` cannot pass for two names.
 */
export function subjectAltUris(subjectAltName: string | undefined): string[] {
  const uris: string[] = []
  const text = subjectAltName ?? ''
  name.lastIndex = 0
  while (name.lastIndex < text.length) {
    const match = name.exec(text)
    if (match === null) return []
    const [, kind, quoted, plain = ''] = match
    if (kind === 'URI') uris.push(quoted === undefined ? plain : unquoted(quoted))
  }
  return uris
}

/** A JSON string's text; '' for what is none, which is no URI. */
function unquoted(text: string): string {
  try {
    return String(JSON.parse(text))
  } catch {
    return ''
  }
}
