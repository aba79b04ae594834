import { Turns, type Waiting } from './turns.ts'

/** A connection with requests that wait. */
type Connection = Waiting & {
  readonly known: boolean
  /** Whether what comes next is the body of a request, and not a new one. */
  readonly inBody: boolean
}

/**
 * Where connections wait that sent more than one request at once, and those of strangers when there are many. A few go on
 * at a time: a thousand requests in one read are no reason for others to wait. Bodies of strangers have a line of their
 * own, so that they do not stand in the way of requests.
 */
export class RequestTurns {
  readonly #known: Turns
  readonly #strangers: Turns
  readonly #strangersBodies: Turns

  constructor(perTurn: { readonly known: number; readonly strangers: number; readonly bodies: number }) {
    this.#known = new Turns(perTurn.known)
    this.#strangers = new Turns(perTurn.strangers)
    this.#strangersBodies = new Turns(perTurn.bodies)
  }

  /** Whether one that does not wait may go on now: it counts as one of this turn. */
  goOn(connection: Connection): boolean {
    return this.#lineOf(connection).goOn()
  }

  add(connection: Connection): void {
    this.#lineOf(connection).add(connection)
  }

  /** It may have become known while it waited. */
  remove(connection: Connection): void {
    this.#known.remove(connection)
    this.#strangers.remove(connection)
    this.#strangersBodies.remove(connection)
  }

  #lineOf({ known, inBody }: Connection): Turns {
    if (known) return this.#known
    return inBody ? this.#strangersBodies : this.#strangers
  }
}
