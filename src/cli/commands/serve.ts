import { Command } from 'commander'
import { type Config, loadConfig } from '../../config/config.ts'
import { ConfigError, locateIssues } from '../../config/error.ts'
import type { ProcessContext } from '../context.ts'
import { type ConfigOptions, withConfigOptions } from '../input/options.ts'

/** `serve`: runs the gateway until SIGTERM, SIGINT or SIGQUIT. */
export function serveCommand(context: ProcessContext): Command {
  return withConfigOptions(new Command('serve').description('run the gateway')).action(
    async (options: ConfigOptions) => {
      const config = loadConfig(context.env, options.config)
      // Loaded here: the other commands start faster without the server.
      const { serve } = await import('../../server.ts')
      await serve(config, context.env).catch(error => {
        throw error instanceof ConfigError ? located(error, config) : error
      })
    }
  )
}

/** Adds where each setting was given, which the gateway does not know when it finds a fault in a file. */
function located({ faults }: ConfigError, { sources }: Config): ConfigError {
  return new ConfigError(faults.map(fault => locateIssues(fault, sources)))
}
