#!/usr/bin/env node
// Plain, old JavaScript: a Node that is too old must still get as far as saying so.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error(`connector-gateway: Node 24 or newer is needed, this is ${process.version}`)
  process.exitCode = 2
} else {
  import('../dist/cli/main.js')
}
