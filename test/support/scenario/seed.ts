/** The seed of a property test: SCENARIO_SEED, or a new one. Put it in the test's name, so that a failure can be repeated. */
export function propertySeed(): number {
  const given = process.env['SCENARIO_SEED']
  return given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given)
}
