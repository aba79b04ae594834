import { type JWSHeaderParameters, type JWTPayload, type JWTVerifyResult, jwtVerify } from 'jose'
import { DomainError } from '../../base/domain-error.ts'
import type { TokenIssuerOptions } from '../../config/authentication.ts'
import type { JwksCache } from './jwks-cache.ts'

/** What a genuine token says. */
export type VerifiedToken = {
  readonly issuer: TokenIssuer
  /** Of the issuer's key set that verified it. */
  readonly generation: number
  readonly tenant: string
  /** Milliseconds since 1970, with the tolerance for differing clocks. */
  readonly fromMs: number
  readonly toMs: number
}

const clockToleranceSeconds = 30
const types: ReadonlySet<unknown> = new Set([undefined, 'jwt', 'at+jwt'])

export class TokenIssuer {
  readonly options: TokenIssuerOptions
  /** The caller in the ledger. */
  readonly keyId: string
  readonly keys: JwksCache

  constructor(options: TokenIssuerOptions, keys: JwksCache) {
    this.options = options
    this.keyId = `jwt:${options.name}`
    this.keys = keys
  }

  /**
   * Verifies a token at `now` (milliseconds since 1970). Throws when it is forged, for another issuer or audience, not valid now,
   * or without a tenant.
   */
  async verify(token: string, now: number): Promise<VerifiedToken> {
    const { issuer, audience, algorithms } = this.options
    let generation = -1
    const keyFor = async (header: JWSHeaderParameters) => {
      const found = await this.keys.keyFor(header)
      generation = found.generation
      return found.key
    }
    const verified = await jwtVerify(token, keyFor, {
      issuer,
      audience,
      algorithms: [...algorithms],
      requiredClaims: ['exp'],
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(now)
    })
    return { issuer: this, generation, tenant: this.#tenantIn(verified), ...validity(verified.payload) }
  }

  #tenantIn({ payload, protectedHeader }: JWTVerifyResult): string {
    if (!types.has(protectedHeader.typ?.toLowerCase().replace(/^application\//, '')))
      throw unusableToken('typ')
    const tenant = this.tenantNamedIn(payload)
    if (tenant === undefined) throw unusableToken('tenant_claim')
    return tenant
  }

  /** The tenant that the claims of a genuine token name. */
  tenantNamedIn(claims: JWTPayload): string | undefined {
    const { tenant_claim: claim = 'sub', tenants } = this.options
    const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined
    if (typeof value !== 'string') return undefined
    if (tenants === undefined) return value
    return Object.hasOwn(tenants, value) ? tenants[value] : undefined
  }
}

/** The error for a genuine but unacceptable token. */
export function unusableToken(
  part: 'typ' | 'tenant_claim' | 'encoding' | 'signature'
): DomainError<typeof part> {
  return new DomainError(part, `the token's ${part} is not taken`)
}

function validity({ nbf, exp }: JWTPayload): Pick<VerifiedToken, 'fromMs' | 'toMs'> {
  return {
    fromMs: nbf === undefined ? 0 : (nbf - clockToleranceSeconds) * 1000,
    toMs: ((exp ?? 0) + clockToleranceSeconds) * 1000
  }
}
