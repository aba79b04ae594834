/** Beginnings of words that commonly say that something was not done, or given up. The documentation knows `accepted` alone. */
const refusingBeginnings = (
  'abort block cancel decline denial denied deny disable discard dropped error expire fail forbid ignor invalid refus ' +
  'reject skip suspend terminat throttl timeout unable unaccept unauthori unavailable unsuccess unsupported'
).split(' ')

/** Words that refuse only as a whole. */
const refusingWords: ReadonlySet<string> = new Set(['never', 'no', 'none', 'noop', 'not'])

/** Whether the state in an accepted answer says that nothing was queued, in any case and in any of its words: `syncFailed` too. */
export function isFailureState(state: string): boolean {
  // The documented state, which nearly all calls get.
  if (state === 'accepted') return false
  return wordsOf(state).some(
    word => refusingWords.has(word) || refusingBeginnings.some(beginning => word.startsWith(beginning))
  )
}

/** `sync_failed`, `syncFailed` and `SYNC_FAILED` have two words each. */
function wordsOf(state: string): string[] {
  return state
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split('_')
}
