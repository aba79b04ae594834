import { Command } from 'commander'
import { loadConfig } from '../config.ts'
import type { ProcessContext } from './context.ts'
import { type ConfigOptions, withConfigOptions } from './options.ts'

/** `serve`: runs the gateway until SIGTERM, SIGINT or SIGQUIT. */
export function serveCommand(context: ProcessContext): Command {
  return withConfigOptions(new Command('serve').description('run the gateway')).action(
    async (options: ConfigOptions) => {
      const config = loadConfig(context.env, options.config)
      // Only here: the other commands start faster without the server.
      const { serve } = await import('../server.ts')
      await serve(config, context.env)
    }
  )
}
