#!/usr/bin/env -S MALLOC_ARENA_MAX=1 node --max-semi-space-size=4 --max-old-space-size=1024
// Plain, old JavaScript: a Node that is too old must still get as far as saying so, or to the one that came with the package.
var major = Number(process.versions.node.split('.')[0])
if (major < 16) {
  console.error(`connector-gateway: Node 24 or newer is needed, this is ${process.version}`)
  process.exitCode = 2
} else if (major < 24) {
  import('./brought-node.js')
} else {
  import('./start.js')
}
