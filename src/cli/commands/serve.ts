import { type Config, loadConfig } from '../../config/config.ts'
import { ConfigError, locateIssues } from '../../config/error.ts'
import { defineCommand } from '../define-command.ts'

/** `serve`: runs the gateway until SIGTERM, SIGINT or SIGQUIT. */
export const serveCommand = defineCommand({
  usage: 'serve',
  summary: 'run the gateway',
  async run(context, options) {
    const config = loadConfig(context.env, options.config)
    // Loaded here: the help lists this command without the server.
    const { serve } = await import('../../server.ts')
    await serve(config, context.env).catch(error => {
      throw error instanceof ConfigError ? located(error, config) : error
    })
  }
})

/** Adds where each setting was given, which the gateway does not know when it finds a fault in a file. */
function located({ faults }: ConfigError, { sources }: Config): ConfigError {
  return new ConfigError(faults.map(fault => locateIssues(fault, sources)))
}
