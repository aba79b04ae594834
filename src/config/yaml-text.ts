import { LineCounter, type ParseOptions, parseDocument, type SchemaOptions, type YAMLError } from 'yaml'

/** Faults by the parser's code: its own messages quote the file, which may hold a secret by mistake. */
const known: { readonly [Code in YAMLError['code']]?: string } = {
  TAB_AS_INDENT: 'a tab, where lines are indented by spaces',
  DUPLICATE_KEY: 'a member that was given before',
  MULTILINE_IMPLICIT_KEY: 'a name without a colon and a space behind it',
  MISSING_CHAR: 'a name without a colon and a space behind it',
  BLOCK_AS_IMPLICIT_KEY: 'a second colon in one value: put it in quotes, or mend how the lines are indented',
  BAD_INDENT: 'a bracket before this position that is not closed, or lines that are indented too little',
  BAD_SCALAR_START: 'a value that begins with a reserved character: put it in quotes',
  BAD_DQ_ESCAPE: 'a backslash in double quotes: use single ones',
  TAG_RESOLVE_FAILED: 'a tag, which is what begins with !'
}

export type YamlText = ReturnType<typeof parseYaml>

/** Parses a text of one document. `errors` has the first of each line, and quotes nothing. */
export function parseYaml(text: string, options: ParseOptions & SchemaOptions = {}) {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    ...options,
    lineCounter: lines,
    // Each would quote its line: quadratic in time for a file of one long line.
    prettyErrors: false,
    // A silent parser does not report a second document.
    logLevel: 'error'
  })
  const positionOf = (offset: number) => lines.linePos(offset)
  const errors = new Map<number, { readonly offset: number; readonly detail: string }>()
  for (const error of [...document.errors, ...document.warnings]) {
    const [offset] = error.pos
    const { line } = positionOf(offset)
    if (!errors.has(line)) errors.set(line, { offset, detail: describe(error) })
  }
  return { document, positionOf, errors: [...errors.values()] }
}

/** What a document without errors holds; `undefined` when its aliases cannot be resolved. */
export function contentOf({ document }: YamlText, maxAliasCount?: number): unknown {
  try {
    return document.toJS(maxAliasCount === undefined ? {} : { maxAliasCount }) as unknown
  } catch {
    // The message may quote the file.
    return undefined
  }
}

export const unresolvedAlias = 'has an alias without its anchor, or too many aliases'

function describe({ code, message }: YAMLError): string {
  if (code === 'MULTIPLE_DOCS') return 'begins a second document: only one is allowed'
  if (code === 'NON_STRING_KEY') return 'has a member whose name is no text'
  const isUnclosed = code === 'MISSING_CHAR' && message.startsWith('Missing closing')
  const what = isUnclosed ? 'a quote before this position that is not closed' : known[code]
  return what === undefined ? 'is not valid YAML' : `is not valid YAML: ${what}`
}
