import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processEnvironment } from '../run/bounds.ts'
import { eventually } from '../scenario/wait.ts'
import { fencedCommands } from './fenced-commands.ts'

const root = join(import.meta.dirname, '..', '..', '..')

/** The ports that the documents name; each becomes a free one. */
const writtenPorts = ['8080', '8081', '8090']

/** What `npm run -s gateway --` runs, as package.json says. */
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: { gateway: string }
}

/** The exit code of a series of commands, and everything they printed. */
export type Ended = { readonly code: number | null; readonly output: string }

/** What a reader saw: the end of the commands, and of those in the background, which were interrupted after them. */
export type Reading = { readonly read: Ended; readonly background: readonly Ended[] }

/**
 * Runs all commands of a document as a reader does in a fresh checkout: the same program, a folder without data. Those in the
 * background come first, each in its own shell; the others share one shell, which ends at the first failure. Through npm each
 * command costs a second process, which one document pays; the others run what npm would run.
 */
export async function follow(document: string, { throughNpm = false } = {}): Promise<Reading> {
  const folder = freshCheckout()
  const running: Shell[] = []
  try {
    const ports = new Map<string, string>()
    for (const port of writtenPorts) ports.set(port, await freePort())
    const asWritten = ({ code, output }: Ended) => ({ code, output: onWrittenPorts(output, ports) })
    const options = { folder, env: readersEnvironment(ports) }
    const here = (commands: string) => {
      const onFreePorts = commands.replace(/\b80[0-9]{2}\b/g, port => ports.get(port) ?? port)
      return throughNpm ? onFreePorts : onFreePorts.replaceAll('npm run -s gateway --', scripts.gateway)
    }

    const [background, foreground] = blocksOf(document)
    for (const commands of background) running.push(new Shell(here(commands), options))
    await Promise.all(running.map(shell => shell.printed(/\bready\b|\borigin\b/)))
    const typing = new Shell(here(foreground.map(unhurried).join('\n')), options)
    running.unshift(typing)
    const read = await typing.ended
    const interrupted = await Promise.all(running.slice(1).map(shell => shell.interrupt()))
    return { read: asWritten(read), background: interrupted.map(asWritten) }
  } finally {
    for (const shell of running) shell.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

function blocksOf(document: string): [background: string[], foreground: string[]] {
  const blocks = fencedCommands(document)
  const commands = (background: boolean) =>
    blocks.filter(block => block.background === background).map(block => block.commands)
  return [commands(true), commands(false)]
}

/** The output, with the ports that the document names. */
function onWrittenPorts(output: string, ports: ReadonlyMap<string, string>): string {
  return [...ports].reduce((text, [written, port]) => text.replaceAll(port, written), output)
}

/** A gateway follows a command within a second, so requests wait for so long. */
function unhurried(commands: string): string {
  return /\bcurl\b/.test(commands) ? `sleep 1\n${commands}` : commands
}

/** The program without any stored data. `npm run` and relative paths work in it. */
function freshCheckout(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-reader-'))
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'))
  for (const name of ['bin', 'src', 'test', 'node_modules']) symlinkSync(join(root, name), join(folder, name))
  return folder
}

function readersEnvironment(ports: ReadonlyMap<string, string>): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env
  return {
    ...processEnvironment,
    PATH,
    HOME,
    npm_config_update_notifier: 'false',
    GATEWAY_PORT: ports.get('8080') ?? '',
    GATEWAY_ADMIN_PORT: ports.get('8081') ?? ''
  }
}

/** Below the range from which the system assigns ports: no other process gets one of these meanwhile. */
const portRange = { from: 20_000, to: 32_000 }

async function freePort(): Promise<string> {
  for (;;) {
    const port = portRange.from + Math.floor(Math.random() * (portRange.to - portRange.from))
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await Promise.race([
      once(server, 'listening').then(() => true),
      once(server, 'error').then(() => false)
    ])
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return String(port)
  }
}

/** Commands in a shell of their own, which ends at the first one that fails. */
class Shell {
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess
  #output = ''

  constructor(commands: string, { folder, env }: { folder: string; env: Record<string, string> }) {
    // A process group, as a terminal makes one: Ctrl-C reaches npm and what it runs.
    this.#child = spawn('bash', ['-euo', 'pipefail', '-c', commands], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true
    })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', chunk => {
        this.#output += String(chunk)
      })
    this.ended = once(this.#child, 'close').then(([code]) => ({ code, output: this.#output }))
  }

  /** Waits until the output matches. Throws with the whole output if the commands end before that. */
  async printed(pattern: RegExp): Promise<void> {
    const probe = () => pattern.test(this.#output) || this.#child.exitCode !== null
    await eventually(`${pattern} in the output`, probe, { withinMs: 15_000 })
    if (!pattern.test(this.#output)) throw new Error(`they ended: ${this.#output}`)
  }

  /** Ctrl-C. */
  async interrupt(): Promise<Ended> {
    this.#signal('SIGINT')
    return await this.ended
  }

  /** Ends the shell's process group, also when the shell itself has ended. */
  kill(): void {
    this.#signal('SIGKILL')
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child
    if (pid === undefined) return
    try {
      process.kill(-pid, signal)
    } catch (error) {
      // No process is left in its group.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}
