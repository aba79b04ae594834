/**
 * The beginnings of words by which a service says that it did not take what it was asked to do, or gave it up. The
 * documentation knows `accepted` alone, so the list has words that are common among such services.
 */
const refusingWords = [
  'abort',
  'block',
  'cancel',
  'decline',
  'denial',
  'denied',
  'deny',
  'disable',
  'discard',
  'dropped',
  'error',
  'expire',
  'fail',
  'forbid',
  'ignor',
  'invalid',
  'refus',
  'reject',
  'skip',
  'suspend',
  'terminat',
  'throttl',
  'timeout',
  'unable',
  'unaccept',
  'unauthori',
  'unavailable',
  'unsuccess',
  'unsupported'
] as const

/** Words that say so only when they stand alone. */
const refusingAlone: ReadonlySet<string> = new Set(['never', 'no', 'none', 'noop', 'not'])

/**
 * Whether the state in an accepted answer says that nothing was queued: one of its words, in any case, begins as
 * a word of the list does, so that `FAILED_PERMANENTLY` and `syncFailed` count too.
 */
export function saysNothingQueued(state: string): boolean {
  // The one that is documented, and that nearly all calls get.
  if (state === 'accepted') return false
  for (const word of wordsOf(state)) {
    if (refusingAlone.has(word) || refusingWords.some(beginning => word.startsWith(beginning))) return true
  }
  return false
}

/** `sync_failed`, `syncFailed` and `SYNC_FAILED` have two words each. */
function wordsOf(state: string): string[] {
  return state
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split('_')
}
