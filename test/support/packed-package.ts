import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const checkout = join(import.meta.dirname, '..', '..')
const modules = join(checkout, 'node_modules')
const platformNode = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`

/** A folder with the package installed, inside another one that the caller removes. */
export type Installed = {
  readonly folder: string
  /** The command as npm links it. */
  readonly command: string
  /** Where the Node is that came with it. */
  readonly broughtNode: string
}

/**
 * Builds, packs by npm and unpacks the package, and links the command as npm does. Real: the build, the list of files and the
 * tarball. Not real: what it depends on is linked from the checkout, as there may be no registry.
 */
export function installPacked(): Installed {
  const folder = mkdtempSync(join(tmpdir(), 'packed-'))
  const [source, app] = [join(folder, 'source'), join(folder, 'app')]
  mkdirSync(source)
  for (const name of ['package.json', 'bin', 'openapi', 'README.md', 'SECURITY.md'])
    cpSync(join(checkout, name), join(source, name), { recursive: true })
  const compiler = join(modules, 'typescript', 'bin', 'tsc')
  const build = ['-p', 'tsconfig.build.json', '--noCheck', '--outDir', join(source, 'dist')]
  execFileSync(process.execPath, [compiler, ...build], { cwd: checkout })
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--offline', '--silent'], { cwd: source })
  const home = join(app, 'node_modules', 'connector-gateway')
  mkdirSync(home, { recursive: true })
  execFileSync('tar', ['-xzf', join(source, packed.toString().trim()), '--strip-components=1', '-C', home])
  const { dependencies } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
  for (const name of [...Object.keys(dependencies), platformNode]) link(name, app)
  const command = join(app, 'node_modules', '.bin', 'connector-gateway')
  mkdirSync(join(command, '..'))
  chmodSync(join(home, 'bin', 'connector-gateway.js'), 0o755)
  symlinkSync('../connector-gateway/bin/connector-gateway.js', command)
  return { folder: app, command, broughtNode: join(app, 'node_modules', platformNode) }
}

function link(name: string, app: string): void {
  const at = join(app, 'node_modules', name)
  mkdirSync(join(at, '..'), { recursive: true })
  symlinkSync(join(modules, name), at)
}

/** The folder of the first Node on the machine's own PATH that is too old for the program, or null. */
export function folderOfOldNode(): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter))
    if (!folder.includes('node_modules') && existsSync(join(folder, 'node'))) {
      const version = execFileSync(join(folder, 'node'), ['-p', 'process.versions.node']).toString()
      if (Number.parseInt(version, 10) < 24 && Number.parseInt(version, 10) >= 16) return folder
    }
  return null
}
