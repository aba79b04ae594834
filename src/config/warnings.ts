import { invalidPeriods, noAuthorities } from './certificate-periods.ts'
import type { Config } from './config.ts'
import { type ConfigIssue, describeIssue, locateIssues } from './error.ts'
import { exposedFiles } from './exposed-files.ts'
import type { TlsMaterial } from './tls-files.ts'

/** Sentences about settings with which the gateway starts, and which may not do what whoever gave them expects. */
export function settingWarnings(config: Config, tls: TlsMaterial | null, now: Date): string[] {
  const found = [
    ...exposedFiles(config),
    ...(tls === null ? [] : [...invalidPeriods(tls, now), ...noAuthorities(tls)])
  ]
  return [...config.warnings, ...describeWarnings(found, config)]
}

/** Each as one sentence, with the place of its setting. */
export function describeWarnings(found: readonly ConfigIssue[], { sources }: Config): string[] {
  return found.map(fault => describeIssue(locateIssues(fault, sources)))
}
