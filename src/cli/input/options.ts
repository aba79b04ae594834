import { InvalidArgumentError, Option } from 'commander'

/** An option of a command, but for its name; `Value` is what the command gets. */
export type Declared<Value> = {
  /** Makes the option with this flag, e.g. `--dry-run`. */
  readonly make: (flag: string) => Option
  readonly value?: Value
}

/** The options of a command by the names of their values: `dryRun` is `--dry-run`. */
export type Declarations<Values> = { readonly [Name in keyof Values]: Declared<Values[Name]> }

/** What a command gets of its options. */
export type ValuesOf<Options> = {
  readonly [Name in keyof Options]: Options[Name] extends Declared<infer Value> ? Value : never
}

/** The options as commander takes them. */
export function optionsOf(declared: Readonly<Record<string, Declared<unknown>>>): Option[] {
  return Object.entries(declared).map(([name, { make }]) =>
    make(`--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`)
  )
}

/** An option without a value, which excludes others. */
export function flag(description: string, ...excluded: string[]): Declared<true | undefined> {
  return { make: name => new Option(name, description).conflicts(excluded) }
}

/** A flag to do without something: that of `proof` is `--no-proof`. */
export function flagWithout(description: string): Declared<boolean> {
  return { make: name => new Option(name.replace('--', '--no-'), description) }
}

/** An option whose value is written as `form`. */
export function option(form: string, description: string): Declared<string | undefined>
/** The same, read by `parse`, which throws InvalidArgumentError. */
export function option<Value>(
  form: string,
  description: string,
  parse: (text: string) => Value
): Declared<Value | undefined>
export function option(
  form: string,
  description: string,
  parse = (text: string): unknown => text
): Declared<unknown> {
  return { make: name => new Option(`${name} ${form}`, description).argParser(text => parse(text)) }
}

/** An option with the value that `otherwise` gives when it is left out. */
export function optionOr<Value>(
  otherwise: string,
  form: string,
  description: string,
  parse: (text: string) => Value
): Declared<Value> {
  const { make } = option(form, description, parse)
  return { make: name => make(name).default(parse(otherwise), otherwise) }
}

/** An option that takes one of a few words. */
export function choice<const Word extends string>(
  form: string,
  description: string,
  words: readonly Word[]
): Declared<Word | undefined> {
  return { make: name => new Option(`${name} ${form}`, description).choices(words) }
}

/** An option that may be given several times. */
export function repeated(form: string, description: string): Declared<readonly string[] | undefined> {
  const also = (text: string, before: readonly string[] = []) => [...before, text]
  return { make: name => new Option(`${name} ${form}`, description).argParser(also) }
}

/** An option that must be given, by its name or a short one. */
export function required<Value>(
  { make }: Declared<Value>,
  short?: string
): Declared<Exclude<Value, undefined>> {
  return { make: name => make(short ? `${short}, ${name}` : name).makeOptionMandatory() }
}

/** The option of every command. */
export const outputOptions = { json: flag('print JSON, and failures as a problem object') }
export type OutputOptions = ValuesOf<typeof outputOptions>

/** The option of every command that reads the configuration. */
export const configOptions = {
  config: option('<file>', 'read settings from this file (default: gateway.yaml when it exists)')
}
export type ConfigOptions = ValuesOf<typeof configOptions> & OutputOptions

/** The options of every list. */
export const pageOptions = {
  limit: optionOr('100', '<n>', 'show at most this many', wholeNumber(1, 1000)),
  cursor: option('<cursor>', 'continue where an earlier page ended')
}

/** Where a server for people listens. */
export function portOption(otherwise: string): Declared<number> {
  return optionOr(otherwise, '<n>', 'listen on this port, 0 for any free one', wholeNumber(0, 65_535))
}

/** The form of the names that tenants and credentials are given. */
export const nameMeaning = { '<name>': 'a-z, 0-9, ".", "_" and "-", at most 63 characters' }

/** Reads a whole number within bounds, both included. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return text => {
    const value = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN
    if (value >= from && value <= to) return value
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`)
  }
}

/** Splits `ID,ID…` arguments at their commas. */
export function splitIds(texts: readonly string[]): string[] {
  return texts.flatMap(text => text.split(',').map(id => id.trim()))
}
