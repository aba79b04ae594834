/** A quality value of HTTP: 0 to 1, with three decimals at most. */
const weightForm = /^q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/i

/** Whether this Accept-Encoding accepts gzip, and does not prefer the plain bytes. */
export function prefersGzip(accepted: string | undefined): boolean {
  if (accepted === undefined) return false
  const weights = new Map(accepted.split(',').map(weightOf))
  const gzip = weights.get('gzip') ?? weights.get('x-gzip') ?? weights.get('*') ?? 0
  return gzip > 0 && gzip >= (weights.get('identity') ?? 0)
}

/** A coding and its weight: 0 when the weight is malformed. */
function weightOf(member: string): readonly [coding: string, weight: number] {
  const [coding = '', parameter] = member.split(';', 2)
  const weight = parameter === undefined ? '1' : (weightForm.exec(parameter.trim())?.[1] ?? '0')
  return [coding.trim().toLowerCase(), Number(weight)]
}
