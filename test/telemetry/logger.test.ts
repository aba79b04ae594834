import { expect, test } from 'vitest'
import { createLogger } from '../../src/telemetry/logger.ts'

const members = {
  request_id: '019b76da-a800-7371-bf3c-a5acb5ac0e04',
  route: 'a "quote", a \\ and a line\nbreak: ü \u2028',
  status: 200,
  aborted: true,
  absent: undefined
}

test.each(['debug', 'info', 'warn'] as const)(
  'a plain line of level %s is the one that its method writes',
  level => {
    const lines: string[] = []
    const logger = createLogger('debug', { write: line => void lines.push(line) })
    logger[level](members, 'request completed')
    logger.plain({ level, members, message: 'request completed' })
    const [byMethod, plain] = lines.map(line => line.replace(/"time":"[^"]+"/, '"time":""'))
    expect(plain).toBe(byMethod)
  }
)

test('a plain line below the level of the log is not written', () => {
  const lines: string[] = []
  const logger = createLogger('warn', { write: line => void lines.push(line) })
  logger.plain({ level: 'info', members, message: 'request completed' })
  expect(lines).toEqual([])
})
