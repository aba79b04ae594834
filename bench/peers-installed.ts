import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { repositoryPath } from './contenders/contender.ts'

/** Installs the peers when they are not there yet. Throws when npm cannot. */
export function installPeers(): void {
  if (existsSync(repositoryPath('bench/node_modules/.package-lock.json'))) return
  console.log('Installing the peers (npm ci in bench/)')
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  const npm = process.env['npm_execpath']
  const [file, ...before] = npm === undefined ? ['npm'] : [process.execPath, npm]
  // npm run marks its children with the outer project; npm ci must see this folder's alone.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(config_local_prefix|package_)/.test(name))
  )
  const { status } = spawnSync(file as string, [...before, ...args], {
    cwd: repositoryPath('bench'),
    env,
    stdio: ['ignore', 'inherit', 'inherit']
  })
  if (status !== 0) throw new Error('npm ci in bench/ failed')
}
