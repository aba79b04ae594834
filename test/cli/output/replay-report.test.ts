import { expect, test } from 'vitest'
import { replayText } from '../../../src/cli/output/replay-report.ts'

const since = '2026-11-24T06:00:00.000Z'
const at = '2026-11-24T07:00:00.000Z'

test('a replay report for people fits 100 columns, whatever is in it', () => {
  const id = '019a9612-bfad-758c-884e-37dd8c6ad2cb'
  const group = { tenant: 't'.repeat(63), calls: 123_456_789, first_at: at, last_at: at, keys: 12_345 }
  const text = replayText({
    since,
    calls: 1_234_567_890,
    first_at: at,
    refused: [
      { ...group, code: 'connector_not_found', connector_ids: [id] },
      { ...group, code: 'credentials_invalid', connector_ids: [] }
    ]
  })
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100)
  expect(text).toContain('1234567890 calls since 2026-11-24T06:00:00Z')
  expect(text).toContain('246913578 would newly be refused')
  expect(text).toContain(id)
})

test('a replay report says that nobody would be refused, and that there were no calls', () => {
  const none = { since, refused: [], calls: 0, first_at: null }
  expect(replayText(none)).toBe(
    '0 calls since 2026-11-24T06:00:00Z decided again:\nnone would newly be refused\n'
  )
})
