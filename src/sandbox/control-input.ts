import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Ajv } from 'ajv'

/** Input to the control endpoint that cannot be used. Becomes a 400 with this code and message. */
export class ControlInputError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'ControlInputError'
    this.code = code
  }
}

const strict = { additionalProperties: false }

/** A key to accept, as the sandbox's own user or as another. */
export const KeyToAdd = Type.Object(
  {
    key: Type.String({ minLength: 1, pattern: '^[\\x21-\\x7e]+$' }),
    user_id: Type.Optional(Type.String({ minLength: 1 }))
  },
  strict
)

/** A key to accept no longer. */
export const KeyToRemove = Type.Object({ key: Type.String({ minLength: 1 }) }, strict)

/** What to do to every idle kept-alive connection at once. */
export const IdleAction = Type.Object(
  {
    action: Type.Union([Type.Literal('unsolicited'), Type.Literal('finish'), Type.Literal('reset')]),
    body: Type.Optional(Type.Unknown())
  },
  strict
)

const requests = Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]))

/** How many requests per minute are let through; what is absent or null is not limited. */
export const QuotaInput = Type.Object(
  { per_key_per_minute: requests, per_address_per_minute: requests },
  strict
)

const ajv = new Ajv()

/** Parses a body as JSON. Throws ControlInputError. */
export function jsonInput(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'))
  } catch {
    throw new ControlInputError('invalid_json', 'the body must be JSON')
  }
}

/** Parses a body as JSON of this shape. Throws ControlInputError. */
export function checkedInput<Shape extends TSchema>(shape: Shape, payload: Buffer): Static<Shape> {
  const value = jsonInput(payload)
  const check = ajv.compile<Static<Shape>>(shape)
  if (!check(value))
    throw new ControlInputError('invalid_input', ajv.errorsText(check.errors, { dataVar: 'body' }))
  return value
}

/** A query parameter that is a whole number of 0 or more. Throws ControlInputError. */
export function countInput(query: URLSearchParams, name: string, missing: number): number {
  const text = query.get(name)
  if (text === null) return missing
  if (!/^\d{1,15}$/.test(text)) throw new ControlInputError('invalid_input', `${name} must be a whole number`)
  return Number(text)
}
