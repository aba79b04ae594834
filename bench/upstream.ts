/**
 * The upstream of the bench: answers sync calls as the contract says, as cheaply as a Node process can.
 * It speaks just enough HTTP/1.1 for the contenders, over node:net, because node:http would cost more than
 * some of them do. Usage: node upstream.ts PORT
 */
import { createServer } from 'node:net'
import { upstreamKey } from './fixture.ts'
import { leaveWithParent } from './leave-with-parent.ts'

const requestLine = /^POST \/contents\/v1\/connectors\/([0-9a-f-]{36})\/sync HTTP\/1\.1\r\n/
const dateLimit = /"date_limit" *: *"(\d{4}-\d\d-\d\d)"/

/** The whole first message of `text`, split after its head, or null while some of it is still to come. */
function wholeMessage(text: string): { head: string; body: string; size: number } | null {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return null
  const head = text.slice(0, end + 2)
  const start = end + 4
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)
  if (length !== null) {
    const size = start + Number(length[1])
    return text.length < size ? null : { head, body: text.slice(start, size), size }
  }
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return { head, body: '', size: start }
  const last = text.indexOf('0\r\n\r\n', start)
  return last === -1 ? null : { head, body: text.slice(start, last), size: last + 5 }
}

function answer(status: string, body: string): string {
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

function answerTo(head: string, body: string): string {
  const id = requestLine.exec(head)?.[1]
  if (id === undefined) return answer('403 Forbidden', '{"message":"Missing Authentication Token"}')
  // A contender that saves time by not sending the key must not win by it.
  if (!head.includes(upstreamKey)) return answer('401 Unauthorized', '{"statusCode":401,"message":"bad key"}')
  const limit = dateLimit.exec(body)?.[1]
  if (limit === undefined)
    return answer('400 Bad Request', '{"statusCode":400,"message":"date_limit missing"}')
  return answer('200 OK', `{"connector_id":"${id}","status":"accepted","date_limit":"${limit}"}`)
}

const server = createServer({ noDelay: true }, socket => {
  let pending = ''
  socket.on('data', chunk => {
    pending += chunk.toString('latin1')
    for (let message = wholeMessage(pending); message !== null; message = wholeMessage(pending)) {
      pending = pending.slice(message.size)
      socket.write(answerTo(message.head, message.body), 'latin1')
    }
  })
  // A contender that is stopped resets its connections; the others' must live on.
  socket.on('error', () => socket.destroy())
})

leaveWithParent()
server.listen(Number(process.argv[2]), '127.0.0.1')
