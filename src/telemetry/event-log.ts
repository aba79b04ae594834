import { type EventName, type Events, eventTable } from './events.ts'
import type { Logger } from './logger.ts'

/** Logs the events of one gateway with name and payload. Returns what ends that. */
export function logEvents(events: Events, logger: Logger): () => void {
  const subscriptions = (Object.keys(eventTable) as EventName[])
    .filter(event => logger.isLevelEnabled(eventTable[event].level))
    .map(event => {
      const { level, message } = eventTable[event]
      return events.subscribe(event, payload => logger[level]({ event, ...payload }, message))
    })
  return () => {
    for (const unsubscribe of subscriptions) unsubscribe()
  }
}
