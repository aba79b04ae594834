/** Samples of two classes, compared. */
export type Comparison = {
  /** Welch's t of all samples. */
  readonly t: number
  /** The t that is furthest from 0, of all samples and of those below each cut. */
  readonly worstT: number
  readonly meanNs: readonly [number, number]
}

/**
 * What is above a percentile of both classes together is cut away: interruptions hide small differences. Which cut shows
 * most is not known beforehand, so there are several, as in dudect.
 */
const cuts = [0.99, 0.95, 0.9, 0.75, 0.5]

/** Compares the times of two classes, in nanoseconds. */
export function compare(one: Float64Array, other: Float64Array): Comparison {
  const pooled = new Float64Array(one.length + other.length)
  pooled.set(one)
  pooled.set(other, one.length)
  pooled.sort()
  const below = (limit: number) =>
    welchT(
      one.filter(ns => ns <= limit),
      other.filter(ns => ns <= limit)
    )
  const t = welchT(one, other)
  const limits = cuts.map(cut => pooled[Math.floor(pooled.length * cut)] as number)
  const worstT = [t, ...limits.map(below)].reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a))
  // Means of what is left below the second cut: without it a few interruptions decide.
  const [, limit = Number.POSITIVE_INFINITY] = limits
  return {
    t,
    worstT,
    meanNs: [meanOf(one.filter(ns => ns <= limit)), meanOf(other.filter(ns => ns <= limit))]
  }
}

function welchT(one: Float64Array, other: Float64Array): number {
  const [first, second] = [meanOf(one), meanOf(other)]
  return (
    (first - second) /
    Math.sqrt(varianceOf(one, first) / one.length + varianceOf(other, second) / other.length)
  )
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function varianceOf(values: Float64Array, mean: number): number {
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
}
