import { afterAll, beforeAll } from 'vitest'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './test-gateway.ts'

/** One gateway for all tests of a file: started before the first, closed after the last. */
export function gatewayForFile<Prepared = undefined>(
  options: TestGatewayOptions<Prepared> = {}
): { readonly gateway: TestGateway<Prepared> } {
  let gateway: TestGateway<Prepared> | undefined
  beforeAll(async () => {
    gateway = await startTestGateway(options)
  })
  afterAll(async () => await gateway?.close())
  return {
    get gateway() {
      if (gateway === undefined) throw new Error('the gateway has not been started')
      return gateway
    }
  }
}
