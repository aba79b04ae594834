import { readFileSync } from 'node:fs'
import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type YAMLError } from 'yaml'
import { readText } from '../base/text-file.ts'
import { type ConfigIssue, pathOf } from './error.ts'
import { describeYamlError } from './yaml-error.ts'

const defaultFile = 'gateway.yaml'

/** The content of a file. */
export type ConfigFile = {
  readonly settings: Readonly<Record<string, unknown>>
  /** FILE:LINE:COLUMN of each of them and of its members, e.g. `GATEWAY_JWT_ISSUERS[0].jwks`. */
  readonly places: ReadonlyMap<string, string>
  /** What is wrong with the file as a whole: it gives no settings then. */
  readonly faults: readonly ConfigIssue[]
}

function nothing(...faults: readonly ConfigIssue[]): ConfigFile {
  return { settings: {}, places: new Map(), faults }
}

/** Reads `file`; without one gateway.yaml, which may be missing. */
export function readConfigFile(file: string | undefined): ConfigFile {
  const path = file ?? defaultFile
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (file === undefined && code === 'ENOENT') return nothing()
    return nothing({ key: path, detail: `cannot be read (${code})` })
  }
  const read = readText(bytes)
  return 'text' in read ? parseSettings(path, read.text) : nothing({ key: path, detail: read.fault })
}

function parseSettings(path: string, text: string): ConfigFile {
  const lines = new LineCounter()
  // The parser's own messages quote the file, which may hold a secret put there by mistake.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' })
  const placeOf = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${path}:${line}:${col}`
  }
  const wrong = firstOfEachLine([...document.errors, ...document.warnings], lines)
  if (wrong.length > 0)
    return nothing(
      ...wrong.map(error => ({
        key: path,
        detail: describeYamlError(error),
        source: placeOf(error.pos[0])
      }))
    )
  const settings = contentOf(document)
  if (isSettings(settings))
    return { settings: { ...settings }, places: placesIn(document.contents, placeOf), faults: [] }
  const detail =
    settings === undefined
      ? 'has an alias without its anchor, or too many aliases'
      : 'must be a YAML mapping of settings, e.g. GATEWAY_PORT: 8080'
  return nothing({ key: path, detail })
}

/** Undefined when its aliases cannot be resolved. */
function contentOf(document: { toJS(): unknown }): unknown {
  try {
    return document.toJS() ?? {}
  } catch {
    return undefined
  }
}

function isSettings(content: unknown): content is Readonly<Record<string, unknown>> {
  return typeof content === 'object' && content !== null && !Array.isArray(content)
}

/** One mistake makes several errors of a line. */
function firstOfEachLine(errors: readonly YAMLError[], lines: LineCounter): YAMLError[] {
  const lineOf = (error: YAMLError) => lines.linePos(error.pos[0]).line
  return errors.filter((error, index) => errors.findIndex(other => lineOf(other) === lineOf(error)) === index)
}

function placesIn(root: unknown, placeOf: (offset: number) => string): ReadonlyMap<string, string> {
  const places = new Map<string, string>()
  const note = (steps: readonly string[], from: unknown, content: unknown) => {
    const offset = isNode(from) ? from.range?.[0] : undefined
    if (offset !== undefined) places.set(pathOf(steps), placeOf(offset))
    walk(content, steps)
  }
  const walk = (node: unknown, steps: readonly string[]) => {
    if (isMap(node))
      for (const { key, value } of node.items)
        note([...steps, String(isScalar(key) ? key.value : key)], key, value)
    if (isSeq(node))
      for (const [index, item] of node.items.entries()) note([...steps, String(index)], item, item)
  }
  walk(root, [])
  return places
}
