import { describeAdminApi, describeApi } from '../../../src/cli/commands/openapi.ts'
import { errorTable, exitCodes } from '../../../src/contract/error-table.ts'
import { problemCodes } from '../../../src/contract/problem.ts'
import { problemTable } from '../../../src/contract/problem-table.ts'
import { refusalTable } from '../../../src/contract/refusal-table.ts'
import { describedOperations } from '../documents/described-operations.ts'
import { code, page, table } from './markdown.ts'

/** Every problem code, and every code by which an administrative change, a question or a command fails. */
export async function problemsPage(version: string): Promise<string> {
  const described = [await describeApi(version), await describeAdminApi(version)].flatMap(describedOperations)
  const answered = new Set(described.flatMap(({ failures }) => failures.map(failure => failure.code)))
  const problems = problemCodes.map(name => {
    const { status, retryable, detail, action } = problemTable[name]
    return [code(name), String(status), retryable ? 'yes' : 'no', detail, action]
  })
  const refusals = Object.entries(refusalTable).map(([name, { status, action }]) => [
    code(name),
    answered.has(name) ? String(status) : 'command line only',
    String(exitCodes[status]),
    action
  ])
  const others = Object.entries(errorTable).filter(([name]) => !Object.hasOwn(refusalTable, name))
  const failures = others.map(([name, { status }]) => [code(name), String(status), String(exitCodes[status])])
  return page(
    'Problem codes',
    'the tables in `src/contract/`',
    `Every failure of either listener is \`application/problem+json\` of one shape. [Failures](../failures.md) explains its members, and
which event at the upstream, the ledger or the caller leads to which code. A running gateway serves the first table as
\`GET /problems\`, and each row as \`GET /problems/:code\`.`,
    '## Problems',
    `"Retry" says whether the same request may succeed later, unchanged. In an answer \`retryable\` is also false when the call may
have taken effect. \`detail\` may be more precise than the sentence below.`,
    table(['code', 'status', 'retry', 'what happened', 'what to do'], problems),
    '## Administrative refusals',
    `A change or a question that the store's state or the rules for names and limits do not allow. The admin API answers with the status, a
command ends with the exit code. Nothing was changed.`,
    table(['code', 'status', 'exit code', 'what to do'], refusals),
    '## Other failures of commands',
    `With \`--json\` a command prints a problem object with the code and this status; its \`detail\` says what is wrong and what to do.`,
    table(['code', 'status', 'exit code'], failures)
  )
}
