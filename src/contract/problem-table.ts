/** What one kind of failure means to a caller. */
export type ProblemKind = {
  /** HTTP status of the answer. */
  readonly status: number
  readonly title: string
  /** The default `detail`: what happened, in a sentence that holds nothing from the caller. */
  readonly detail: string
  /** Whether the same request may succeed later. */
  readonly retryable: boolean
  /** What the caller, or the operator, should do. True on both listeners, and whatever the detail is. */
  readonly action: string
}

/** The closed table of everything that can go wrong: status, OpenAPI, `/problems` pages and tests all derive from it. */
export const problemTable = {
  request_malformed: {
    status: 400,
    title: 'Malformed request',
    detail: 'The request is not well-formed HTTP or JSON.',
    retryable: false,
    action:
      'Correct what `detail` names. A request is HTTP/1.1 with a path as its target, each header once, and JSON in UTF-8 where there is a body.'
  },
  request_invalid: {
    status: 400,
    title: 'Invalid request',
    detail: 'The request does not match the schema of this operation.',
    retryable: false,
    action:
      'Correct what `errors` points at: `/name` is a member of the body, `/params/…`, `/query/…` and `/headers/…` are the rest of the request.'
  },
  request_refused: {
    status: 400,
    title: 'Request refused by the upstream',
    detail: 'The upstream rejected the request; its answer does not identify the reason.',
    retryable: false,
    action:
      'Check the body against the connector type: investment_research needs a date_limit, sharepoint takes none, other types cannot be synced.'
  },
  credentials_invalid: {
    status: 401,
    title: 'Credentials invalid',
    detail: 'Send a valid gateway key as "Authorization: Bearer <key>" or "X-API-KEY: <key>".',
    retryable: false,
    action:
      'Check the key, token or certificate with whoever issued it: it may be missing, mistyped, expired, revoked, disabled, or not meant for your address.'
  },
  permission_denied: {
    status: 403,
    title: 'Permission denied',
    detail: 'Your tenant may not use this operation.',
    retryable: false,
    action: 'Ask the platform team to permit this operation for your tenant.'
  },
  connector_not_found: {
    status: 404,
    title: 'Connector not found',
    detail: 'No connector with this id is available to you.',
    retryable: false,
    action: 'Check the id. If it is right, ask the platform team to grant the connector to your tenant.'
  },
  route_not_found: {
    status: 404,
    title: 'Route not found',
    detail: 'There is nothing at this path.',
    retryable: false,
    action:
      'Check the path and the port: callers ask POST /connectors/:id/sync, administrators the routes under /admin of the admin listener.'
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    detail: 'This path does not take this method; the Allow header lists those it takes.',
    retryable: false,
    action: 'Use a method from the Allow header.'
  },
  request_timeout: {
    status: 408,
    title: 'Request timeout',
    detail: 'The request did not arrive completely in time.',
    retryable: true,
    action: 'Send headers and body without pause, then try again.'
  },
  payload_too_large: {
    status: 413,
    title: 'Payload too large',
    detail: 'The body is larger than 16 KiB.',
    retryable: false,
    action: 'Send a smaller body: a sync takes only {} or {"date_limit":"YYYY-MM-DD"}.'
  },
  uri_too_long: {
    status: 414,
    title: 'URI too long',
    detail: 'The request target, or a part of it, is too long.',
    retryable: false,
    action: 'Send no more than the documented path and query; a connector id has 36 characters.'
  },
  media_type_unsupported: {
    status: 415,
    title: 'Media type not supported',
    detail: 'The body must be JSON, sent with Content-Type: application/json.',
    retryable: false,
    action: 'Set Content-Type: application/json, and send JSON in UTF-8 where the route takes a body.'
  },
  rate_limited: {
    status: 429,
    title: 'Rate limited',
    detail: 'The limit named by the RateLimit header is used up.',
    retryable: true,
    action:
      'Wait for Retry-After seconds, then send again; spread calls over time. The limit "unauthenticated" counts failures: correct the credentials first.'
  },
  headers_too_large: {
    status: 431,
    title: 'Headers too large',
    detail: 'The headers are larger than 8 KiB.',
    retryable: false,
    action: 'Send fewer or shorter headers.'
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    detail: 'The gateway failed on this request. It is our fault.',
    retryable: true,
    action: 'Report the request_id to the platform team.'
  },
  upstream_credential_rejected: {
    status: 502,
    title: 'Upstream credential rejected',
    detail: "The upstream rejected the gateway's own credential.",
    retryable: false,
    action: 'Your key is fine. The platform team has to replace the upstream key.'
  },
  upstream_refused: {
    status: 502,
    title: 'Upstream refused',
    detail: 'The upstream refused the call before it reached the content service.',
    retryable: false,
    action: 'It may be a burst block, a wrong route or a bad key: the platform team has to look.'
  },
  upstream_failed: {
    status: 502,
    title: 'Upstream failed',
    detail: 'The upstream failed while it handled the call.',
    retryable: true,
    action:
      'When `retryable` is true, try again later. When it is false the sync may have started: look before you repeat it.'
  },
  upstream_answer_invalid: {
    status: 502,
    title: 'Upstream answer invalid',
    detail: 'What the upstream answered is not a valid answer to this call.',
    retryable: false,
    action: 'The sync may have started. Report the request_id to the platform team.'
  },
  upstream_unreachable: {
    status: 502,
    title: 'Upstream unreachable',
    detail: 'No connection to the upstream could be made.',
    retryable: true,
    action: 'Nothing was sent. Try again later.'
  },
  ledger_unavailable: {
    status: 503,
    title: 'Ledger unavailable',
    detail: 'The ledger cannot record calls now.',
    retryable: true,
    action:
      'When `retryable` is true, try again later. When it is false the sync may have started: look before you repeat it. The platform team has to look at the store.'
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    detail: 'Too many calls are waiting; this one was not forwarded.',
    retryable: true,
    action: 'Wait for Retry-After seconds and send fewer calls at once.'
  },
  sealed: {
    status: 503,
    title: 'Sealed',
    detail: 'The gateway has no access to its keys.',
    retryable: true,
    action:
      'Try again later. The platform team has to provide the master key, or upstream keys that can be opened.'
  },
  shutting_down: {
    status: 503,
    title: 'Shutting down',
    detail: 'This process is about to end; the call was not forwarded.',
    retryable: true,
    action: 'Send the request again on a new connection.'
  },
  store_unavailable: {
    status: 503,
    title: 'Store unavailable',
    detail: 'The store cannot be read now.',
    retryable: true,
    action:
      'When `retryable` is true, try again later. When it is false the change may have been made: look before you repeat it. The platform team has to look at the store.'
  },
  upstream_busy: {
    status: 503,
    title: 'Upstream busy',
    detail: 'The upstream accepts no more calls at the moment.',
    retryable: true,
    action: 'Wait for Retry-After seconds, then send again.'
  },
  upstream_timeout: {
    status: 504,
    title: 'Upstream timeout',
    detail: 'The upstream did not answer before the deadline.',
    retryable: true,
    action: 'When `forwarded` is `unknown`, the sync may have started: look before you repeat it.'
  }
} as const satisfies Record<string, ProblemKind>
