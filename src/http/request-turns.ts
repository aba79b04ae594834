import { Turns, type Waiting } from './turns.ts'

/** A connection with requests that wait. */
type Connection = Waiting & { readonly known: boolean }

/**
 * Where connections wait that sent more than one request at once, and those of strangers when there are many. A few go on
 * at a time: a thousand requests in one read are no reason for others to wait.
 */
export class RequestTurns {
  readonly #known: Turns
  readonly strangers: Turns

  constructor(perTurn: { readonly known: number; readonly strangers: number }) {
    this.#known = new Turns(perTurn.known)
    this.strangers = new Turns(perTurn.strangers)
  }

  add(connection: Connection): void {
    const turns = connection.known ? this.#known : this.strangers
    turns.add(connection)
  }

  /** It may have become known while it waited. */
  remove(connection: Connection): void {
    this.#known.remove(connection)
    this.strangers.remove(connection)
  }
}
