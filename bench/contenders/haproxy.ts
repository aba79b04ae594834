import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { upstreamKey } from '../fixture.ts'
import { type Contender, installedProgram, ownKey, type Place } from './contender.ts'

function configuration({ port, upstreamPort }: Place): string {
  return `
global
  nbthread 1
  maxconn 1024
defaults
  mode http
  timeout connect 3s
  timeout client 30s
  timeout server 30s
  http-reuse always
frontend callers
  bind 127.0.0.1:${port}
  default_backend content_api
backend content_api
  http-request del-header Authorization
  http-request set-header X-API-KEY ${upstreamKey}
  server upstream 127.0.0.1:${upstreamPort}
`
}

export const haproxy: Contender = {
  name: 'haproxy',
  title: 'HAProxy',
  whyMissing: () => (installedProgram('haproxy') === null ? 'haproxy is not installed' : null),
  launch(place) {
    const path = join(place.folder, 'haproxy.cfg')
    writeFileSync(path, configuration(place))
    return { command: [installedProgram('haproxy') as string, '-db', '-f', path], credential: ownKey }
  }
}
