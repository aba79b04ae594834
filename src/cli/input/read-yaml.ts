import { isScalar, LineCounter, parseDocument, visit } from 'yaml'
import type { ConfigIssue } from '../../config/error.ts'
import { describeYamlError } from '../../config/yaml-error.ts'

/** Aliases in a file: without a bound a few lines could stand for more than memory holds. */
const aliasesBound = 100
/** Characters of a file: 70,000 tenants with three connectors each, as many as a gateway's memory has room for. */
const longestText = 1 << 24

/** What a YAML text holds, or why it cannot be used. */
export type YamlRead = { readonly value: unknown } | { readonly faults: readonly ConfigIssue[] }

/** Reads the one document of a YAML text. Faults name the line and never quote it: it may hold a secret. */
export function readYaml(name: string, text: string): YamlRead {
  if (text.length > longestText) {
    const detail = `is longer than ${longestText} characters: give it in parts, without --prune`
    return { faults: [{ key: name, detail }] }
  }
  const lines = new LineCounter()
  // Names are texts, also those that look like numbers. The check for repeated members is below: here it would take
  // quadratic time.
  const document = parseDocument(text, {
    // Other versions and tags make values that are no mapping, list or plain value, and may pass for an empty mapping.
    schema: 'core',
    resolveKnownTags: false,
    stringKeys: true,
    uniqueKeys: false,
    lineCounter: lines,
    // Each would quote its line: quadratic time where one line is the whole file. None is shown.
    prettyErrors: false,
    // Silent, it would not report a second document.
    logLevel: 'error'
  })
  const at = (offset: number) => `${name}, line ${lines.linePos(offset).line}`
  // One slip makes several errors in a line: the first is enough.
  const wrong = new Map<string, ConfigIssue>()
  for (const error of [...document.errors, ...document.warnings].toReversed())
    wrong.set(at(error.pos[0]), { key: at(error.pos[0]), detail: describeYamlError(error) })
  if (wrong.size > 0) return { faults: [...wrong.values()].toReversed() }
  if (document.contents === null) return { faults: [{ key: name, detail: 'is empty' }] }
  const repeated = repeatedMembers(document).map(offset => ({
    key: at(offset),
    detail: 'is a member that has been given before'
  }))
  if (repeated.length > 0) return { faults: repeated }
  try {
    return { value: document.toJS({ maxAliasCount: aliasesBound }) as unknown }
  } catch {
    // Its message may quote the file.
    return { faults: [{ key: name, detail: 'has an alias without its anchor, or too many aliases' }] }
  }
}

/** Offsets of members whose name their mapping has already. */
function repeatedMembers(document: Parameters<typeof visit>[0]): number[] {
  const repeated: number[] = []
  visit(document, {
    Map(_, { items }) {
      const names = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        if (names.has(key.value)) repeated.push(key.range?.[0] ?? 0)
        names.add(key.value)
      }
    }
  })
  return repeated
}
