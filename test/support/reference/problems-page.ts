import { describeAdminApi, describeApi } from '../../../src/cli/commands/openapi.ts'
import { problemCodes } from '../../../src/contract/problem.ts'
import { problemTable } from '../../../src/contract/problem-table.ts'
import { refusalTable } from '../../../src/contract/refusal.ts'
import { describedOperations } from '../documents/described-operations.ts'
import { code, page, table } from './markdown.ts'

/** Every problem code, and every code by which an administrative change or question is refused. */
export async function problemsPage(version: string): Promise<string> {
  const described = [await describeApi(version), await describeAdminApi(version)].flatMap(describedOperations)
  const answered = new Set(described.flatMap(({ failures }) => failures.map(failure => failure.code)))
  const problems = problemCodes.map(name => {
    const { status, retryable, detail, action } = problemTable[name]
    return [code(name), String(status), retryable ? 'yes' : 'no', detail, action]
  })
  const refusals = Object.entries(refusalTable).map(([name, { status, title, action }]) => [
    code(name),
    answered.has(name) ? String(status) : 'command line only',
    status === 400 ? '2' : '1',
    title,
    action
  ])
  return page(
    'Problem codes',
    '`src/contract/problem-table.ts` and `src/contract/refusal.ts`',
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
    table(['code', 'status', 'exit code', 'what happened', 'what to do'], refusals)
  )
}
