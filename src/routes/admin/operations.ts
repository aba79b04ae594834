import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import type { MemoryReader } from '../../admin/memory-reader.ts'
import { type AdminOperation, kindOf, type OperationKind } from '../../admin/operations/operation.ts'
import {
  type CommandName,
  type MemoryName,
  operationTable,
  type QueryName
} from '../../admin/operations/operation-table.ts'
import { adminHeaders, adminSecurity, PathParameters } from '../../contract/admin-schemas.ts'
import { limitFault, pageOf } from '../../contract/page-schemas.ts'
import { ofBodies } from '../../contract/problem-responses.ts'
import { strict } from '../../contract/schemas.ts'
import { administratorOf } from '../../plugins/admin/admin-auth.ts'
import { adminFailures, type HttpRefusal } from '../../plugins/admin/admin-problems.ts'
import type { Route, Scope } from '../../plugins/scope.ts'
import type { CommandExecutor } from '../../threads/execute-command.ts'
import type { QueryExecutor } from '../../threads/execute-query.ts'

export type OperationDependencies = {
  readonly reader: Pick<QueryExecutor, 'read'>
  readonly administration: Pick<CommandExecutor, 'execute'>
  readonly readMemory: MemoryReader
}

type Row = AdminOperation & { readonly refusals?: readonly HttpRefusal[] }

/** The compiler checks here that each refusal has an example, by which it is described. */
const resources: Readonly<Record<string, Readonly<Record<string, Row>>>> = operationTable

/** What a path names may not exist. */
const notFound: Readonly<Record<string, HttpRefusal>> = {
  name: 'tenant_not_found',
  key_id: 'key_not_found',
  credential: 'credential_not_found',
  request_id: 'request_not_found'
}

/** Every operation of administrators is a route under /admin. */
export const adminOperations: Route<OperationDependencies> = (scope, dependencies) => {
  for (const [tag, rows] of Object.entries(resources))
    for (const [name, row] of Object.entries(rows)) addRoute(scope, tag, name, row, dependencies)
}

function addRoute(
  scope: Scope,
  tag: string,
  name: string,
  row: Row,
  dependencies: OperationDependencies
): void {
  const [method = '', url = ''] = row.route.split(' ')
  const parameters: string[] = url.match(/(?<=:)\w+/g) ?? []
  const kind = kindOf(row)
  const status = method === 'POST' ? 201 : 200
  const execute = executorOf(name, kind, dependencies)
  scope.route({
    method,
    url,
    config: { role: kind === 'command' ? 'operator' : 'viewer' },
    schema: {
      operationId: name,
      summary: row.summary,
      tags: [tag],
      security: adminSecurity,
      ...(parameters.length > 0 && { params: Type.Pick(PathParameters, parameters) }),
      querystring: Type.Object(row.query ?? {}, strict),
      ...(row.body && { body: row.body }),
      response: { [status]: { ...row.result, headers: adminHeaders }, ...failuresOf(row, kind, parameters) }
    },
    handler: async function answerOperation(request, reply) {
      reply.code(status)
      return await execute(inputOf(request, row), request)
    }
  })
}

function failuresOf({ query, body, refusals = [] }: Row, kind: OperationKind, parameters: readonly string[]) {
  const unexpectedBody = kind === 'command' ? (['media_type_unsupported'] as const) : []
  const ofPaths = parameters.flatMap(parameter => notFound[parameter] ?? [])
  return adminFailures({
    kind,
    ...(query && { fault: limitFault }),
    problems: body ? ofBodies : unexpectedBody,
    refusals: [...refusals, ...ofPaths]
  })
}

/** The members of its path, its query and its body: the schemas keep their names apart. */
function inputOf(request: FastifyRequest, { query }: Row): object {
  const members = { ...(request.params as object), ...(request.body as object | undefined) }
  return query ? { ...members, ...(request.query as object), ...pageOf(request.query as object) } : members
}

type Execute = (input: object, request: FastifyRequest) => unknown

/** The table pairs names with inputs and results; here they are texts and objects that the schemas have checked. */
function executorOf(
  name: string,
  kind: OperationKind,
  { reader, administration, readMemory }: OperationDependencies
): Execute {
  const executors: Readonly<Record<OperationKind, Execute>> = {
    query: input => reader.read(name as QueryName, input as never),
    command: (input, request) =>
      administration.execute(administratorOf(request), name as CommandName, input as never),
    memory: input => readMemory(name as MemoryName, input as never)
  }
  return executors[kind]
}
