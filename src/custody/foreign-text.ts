/** Bytes that came from outside, in the ways in which a key may be read in them. */
export type ForeignText = {
  readonly asWritten: readonly Buffer[]
  /** The same in lower case: names of headers and hex digits have no case of their own. */
  readonly inLowerCase: readonly Buffer[]
}

/** As they are, and without the escapes of URLs, JSON and HTML. */
export function readForeign(bytes: Buffer): ForeignText {
  const text = bytes.toString('latin1')
  const readings = /[%\\&]/.test(text) ? [text, unescaped(text)] : [text]
  return {
    asWritten: [bytes, ...readings.slice(1).map(reading => Buffer.from(reading, 'latin1'))],
    inLowerCase: readings.map(reading => Buffer.from(reading.toLowerCase(), 'latin1'))
  }
}

const escapes =
  /%([0-9a-f]{2})|\\+u00([0-9a-f]{2})|\\x([0-9a-f]{2})|&#x0*([0-9a-f]{1,2});|&#0*([0-9]{1,3});|\\(["\\/])/gi

function unescaped(text: string): string {
  return text.replace(escapes, (_all, url, json, script, htmlHex, htmlDecimal, mark) => {
    if (mark !== undefined) return mark
    if (htmlDecimal !== undefined) return String.fromCharCode(Number(htmlDecimal) & 0xff)
    return String.fromCharCode(Number.parseInt(url ?? json ?? script ?? htmlHex, 16))
  })
}
