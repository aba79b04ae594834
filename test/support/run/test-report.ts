/** How many checks came out how. */
export type Tally = { readonly passed: number; readonly failed: number; readonly skipped: number }

type Report = {
  readonly testResults?: readonly {
    readonly status?: string
    readonly assertionResults?: readonly { readonly status: string }[]
  }[]
}

/**
 * Counts the tests of vitest's JSON report. A file that could not be loaded, a run that ended badly for a reason no
 * test shows, no report and no tests at all count as one failure each: silence is never success.
 */
export function countTests(report: string, endedWell: boolean): Tally {
  const files = readReport(report).testResults ?? []
  const states = files.flatMap(file => file.assertionResults?.map(({ status }) => status) ?? [])
  const count = (wanted: string) => states.filter(status => status === wanted).length
  const passed = count('passed')
  const unloadable = files.filter(
    file => file.status === 'failed' && !file.assertionResults?.some(({ status }) => status === 'failed')
  ).length
  const shown = count('failed') + unloadable
  const unexplained = shown === 0 && (!endedWell || passed === 0) ? 1 : 0
  return { passed, failed: shown + unexplained, skipped: states.length - passed - count('failed') }
}

function readReport(text: string): Report {
  try {
    return JSON.parse(text) as Report
  } catch {
    // A run that crashed leaves no report, or half of one.
    return {}
  }
}
