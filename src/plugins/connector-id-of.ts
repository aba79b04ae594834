import type { FastifyRequest } from 'fastify'
import { isConnectorId } from '../contract/schemas.ts'

/** The connector that a path names. Only an id that is one: neither log nor ledger takes whatever text a caller put there. */
export function connectorIdOf({ params }: Pick<FastifyRequest, 'params'>): string | undefined {
  const { id } = (params ?? {}) as { id?: string }
  return id !== undefined && isConnectorId(id) ? id.toLowerCase() : undefined
}
