import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyReply } from 'fastify'
import { Problem } from '../../contract/problem.ts'
import { prefersGzip } from './accept-encoding.ts'

const compress = promisify(gzip)

/** Fewer bytes fit into one packet anyway. */
const worthCompressing = 1_024

export type StaticDocumentOptions = {
  /** Its media type. */
  readonly type: string
  /** Called once, by the first request, and again by the next one when it throws. */
  readonly load: () => string | Buffer | Promise<string | Buffer>
  /** Headers beside those of every document, e.g. a Content-Security-Policy. */
  readonly headers?: Readonly<Record<string, string>>
  /** The request header by which it was chosen among others, if any. */
  readonly chosenBy?: 'accept'
}

/** One representation of the document, with all its headers. */
type Form = { readonly body: Buffer; readonly etag: string; readonly headers: Record<string, string> }

type Forms = { readonly plain: Form; readonly gzip: Form }

/**
 * A document that is the same for everybody: made and compressed once, and held as bytes. However many answers wait to be read,
 * they share one buffer, and no request renders anything or opens a file.
 */
export class StaticDocument {
  readonly #options: StaticDocumentOptions
  #forms: Forms | null = null
  #preparing: Promise<Forms> | null = null

  constructor(options: StaticDocumentOptions) {
    this.#options = options
  }

  /** Answers a GET with 200, or 304 by If-None-Match. Throws `request_malformed` for an If-Match with another version. */
  answer(
    request: { readonly headers: IncomingHttpHeaders },
    reply: FastifyReply
  ): undefined | Promise<FastifyReply> {
    if (this.#forms) {
      send(this.#forms, request.headers, reply)
      return
    }
    this.#preparing ??= this.#prepare().finally(() => {
      this.#preparing = null
    })
    return this.#preparing.then(forms => send(forms, request.headers, reply))
  }

  async #prepare(): Promise<Forms> {
    const { type, load, headers, chosenBy } = this.#options
    const body = Buffer.from(await load())
    const packed = body.length < worthCompressing ? body : await compress(body, { level: 9 })
    const isPacked = packed.length < body.length
    const vary = [chosenBy, isPacked && 'accept-encoding'].filter(Boolean).join(', ')
    const digest = hash('sha256', body, 'base64url').slice(0, 22)
    const form = (bytes: Buffer, tag: string, encoding?: Record<string, string>): Form => {
      const etag = `"${tag}"`
      return {
        body: bytes,
        etag,
        headers: {
          'content-type': type,
          ...encoding,
          etag,
          ...(vary !== '' && { vary }),
          // Caches must revalidate: after an upgrade no part of the former version is used.
          'cache-control': 'no-cache',
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
          ...headers
        }
      }
    }
    const plain = form(body, digest)
    this.#forms = {
      plain,
      gzip: isPacked ? form(packed, `${digest}-gzip`, { 'content-encoding': 'gzip' }) : plain
    }
    return this.#forms
  }
}

function send({ plain, gzip }: Forms, headers: IncomingHttpHeaders, reply: FastifyReply): FastifyReply {
  const wanted = headers['if-match']
  if (wanted !== undefined && !names(wanted, plain) && !names(wanted, gzip))
    throw new Problem('request_malformed', {
      detail: 'The document has another version than If-Match names.'
    })
  const form = prefersGzip(headers['accept-encoding']) ? gzip : plain
  reply.headers(form.headers)
  const known = headers['if-none-match']
  if (known !== undefined && names(known.replaceAll('W/', ''), form)) {
    reply.removeHeader('content-type').removeHeader('content-encoding')
    return reply.code(304).send()
  }
  return reply.send(form.body)
}

/** Whether a list of tags, or a star, names this representation. */
function names(tags: string, { etag }: Form): boolean {
  return tags.trim() === '*' || tags.split(',').some(tag => tag.trim() === etag)
}
