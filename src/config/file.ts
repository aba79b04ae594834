import { readFileSync } from 'node:fs'
import { isMap, isNode, isScalar, isSeq } from 'yaml'
import { decodeText } from '../base/decode-text.ts'
import { type ConfigIssue, pathOf } from './error.ts'
import { contentOf, parseYaml, unresolvedAlias } from './yaml-text.ts'

const defaultFile = 'gateway.yaml'

export type ConfigFile = {
  readonly settings: Readonly<Record<string, unknown>>
  /** FILE:LINE:COLUMN of each of them and of its members, e.g. `GATEWAY_JWT_ISSUERS[0].jwks`. */
  readonly places: ReadonlyMap<string, string>
  /** Faults of the whole file, which then gives no settings. */
  readonly faults: readonly ConfigIssue[]
}

function nothing(...faults: readonly ConfigIssue[]): ConfigFile {
  return { settings: {}, places: new Map(), faults }
}

/** Reads `file`, or by default gateway.yaml, which may be missing. */
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
  const read = decodeText(bytes)
  return 'text' in read ? parseSettings(path, read.text) : nothing({ key: path, detail: read.fault })
}

function parseSettings(path: string, text: string): ConfigFile {
  const yaml = parseYaml(text)
  const placeOf = (offset: number) => {
    const { line, col } = yaml.positionOf(offset)
    return `${path}:${line}:${col}`
  }
  if (yaml.errors.length > 0)
    return nothing(
      ...yaml.errors.map(({ offset, detail }) => ({ key: path, detail, source: placeOf(offset) }))
    )
  const settings = contentOf(yaml)
  if (settings === undefined) return nothing({ key: path, detail: unresolvedAlias })
  if (typeof settings !== 'object' || Array.isArray(settings))
    return nothing({ key: path, detail: 'must be a YAML mapping of settings, e.g. GATEWAY_PORT: 8080' })
  return { settings: { ...settings }, places: placesIn(yaml.document.contents, placeOf), faults: [] }
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
