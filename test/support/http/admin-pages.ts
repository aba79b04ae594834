import { describeAdminApi } from '../../../src/cli/commands/openapi.ts'
import type { Sink } from '../checker/canary.ts'
import { ScenarioClient } from '../scenario/client.ts'

/**
 * What every route of the admin API answers that only reads, with `values` for the parameters of their paths, as places
 * where a key may have leaked to. Throws for a parameter without a value.
 */
export async function adminPages(
  port: number,
  key: string,
  values: Readonly<Record<string, string>>
): Promise<(Sink & { readonly status: number | undefined })[]> {
  const { paths } = JSON.parse(await describeAdminApi('0.0.0')) as {
    paths: Record<string, { get?: unknown }>
  }
  const reading = Object.entries(paths).flatMap(([path, { get }]) => (get ? [path] : []))
  const client = new ScenarioClient(port)
  const pages = []
  for (const template of reading) {
    const path = template.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
      const value = values[name]
      if (value === undefined) throw new Error(`no value for ${name} of ${template}`)
      return value
    })
    const { status, headers, body } = await client.send({
      method: 'GET',
      path,
      key,
      connectorId: '',
      body: ''
    })
    pages.push({ name: `GET ${path}`, status, content: `${JSON.stringify(headers)}\n${body}` })
  }
  client.close()
  return pages
}
