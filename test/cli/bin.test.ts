import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'

const source = readFileSync(new URL('../../bin/connector-gateway.js', import.meta.url), 'utf8')

function runOn(version: string) {
  const said: string[] = []
  const process = { version: `v${version}`, versions: { node: version }, exitCode: undefined }
  const program = source.replace(/^#!.*/, '').replaceAll('import(', 'load(')
  const loaded: string[] = []
  runInNewContext(program, {
    process,
    console: { error: (line: string) => said.push(line) },
    load: (specifier: string) => loaded.push(specifier)
  })
  return { said, loaded, exitCode: process.exitCode }
}

test('a Node that is much too old gets one clear line and exit 2', () => {
  for (const version of ['10.24.1', '12.22.12', '14.21.3'])
    expect(runOn(version)).toEqual({
      said: [`connector-gateway: Node 24 or newer is needed, this is v${version}`],
      loaded: [],
      exitCode: 2
    })
})

test('Node 24 and newer run the program', () => {
  for (const version of ['24.0.0', '26.1.0'])
    expect(runOn(version)).toEqual({ said: [], loaded: ['./start.js'], exitCode: undefined })
})

test('a Node that is too old loads the file that looks for the Node of the package', () => {
  for (const version of ['16.20.2', '20.20.2', '23.11.0'])
    expect(runOn(version)).toEqual({ said: [], loaded: ['./brought-node.js'], exitCode: undefined })
})
