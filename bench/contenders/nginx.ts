import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { upstreamKey } from '../fixture.ts'
import { type Contender, installedProgram, ownKey, type Place } from './contender.ts'

// Connections never end by count, on neither side: reconnecting is not what is measured.
function configuration({ folder, port, upstreamPort }: Place): string {
  return `
worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000000;
  upstream content_api {
    server 127.0.0.1:${upstreamPort};
    keepalive 64;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://content_api;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "";
      proxy_set_header X-API-KEY ${upstreamKey};
    }
  }
}
`
}

export const nginx: Contender = {
  name: 'nginx',
  title: 'nginx',
  whyMissing: () => (installedProgram('nginx') === null ? 'nginx is not installed' : null),
  launch(place) {
    const path = join(place.folder, 'nginx.conf')
    writeFileSync(path, configuration(place))
    return {
      command: [installedProgram('nginx') as string, '-e', 'stderr', '-p', place.folder, '-c', path],
      credential: ownKey
    }
  }
}
