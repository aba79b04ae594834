import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { ConfigFault } from './config-fault.ts'

const defaultFile = 'gateway.yaml'

/**
 * The settings in `file`, by their names, as they stand there; without one those of gateway.yaml, which may be missing.
 * What is wrong with the file as a whole is added to `faults`.
 */
export function readConfigFile(file: string | undefined, faults: ConfigFault[]): Record<string, unknown> {
  const path = file ?? defaultFile
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (file === undefined && code === 'ENOENT') return {}
    faults.push({ key: path, detail: `cannot be read (${code})` })
    return {}
  }
  try {
    const document: unknown = parse(text) ?? {}
    if (typeof document === 'object' && !Array.isArray(document)) return { ...document }
    faults.push({ key: path, detail: 'must be a YAML mapping of settings, e.g. GATEWAY_PORT: 8080' })
  } catch {
    // The parser's own message quotes the file, which may hold a secret put there by mistake.
    faults.push({ key: path, detail: 'is not valid YAML' })
  }
  return {}
}
