import { isScalar, visit } from 'yaml'
import type { ConfigIssue } from '../../config/error.ts'
import { contentOf, parseYaml, unresolvedAlias } from '../../config/yaml-text.ts'

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
  // Names are texts, also those that look like numbers. The check for repeated members is below: here it would take
  // quadratic time.
  const yaml = parseYaml(text, {
    // Other versions and tags make values that are no mapping, list or plain value, and may pass for an empty mapping.
    schema: 'core',
    resolveKnownTags: false,
    stringKeys: true,
    uniqueKeys: false
  })
  const at = (offset: number) => `${name}, line ${yaml.positionOf(offset).line}`
  if (yaml.errors.length > 0)
    return { faults: yaml.errors.map(({ offset, detail }) => ({ key: at(offset), detail })) }
  if (yaml.document.contents === null) return { faults: [{ key: name, detail: 'is empty' }] }
  const repeated = repeatedMembers(yaml.document).map(offset => ({
    key: at(offset),
    detail: 'is a member that was given before'
  }))
  if (repeated.length > 0) return { faults: repeated }
  const value = contentOf(yaml, aliasesBound)
  return value === undefined ? { faults: [{ key: name, detail: unresolvedAlias }] } : { value }
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
