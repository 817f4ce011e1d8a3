/**
 * Checks of the arguments that policies are built from.
 *
 * Each check returns the value as it is stored, or throws `InvalidRetryPolicy` with the argument's name and value. The
 * limits are those of the schemas in `Backoff` and `PolicyData`, so what a constructor accepts can be decoded again.
 */
import * as Duration from "effect/Duration"
import * as Formatter from "effect/Formatter"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Factor, maxDelayMillis, maxTableDelays, Millis } from "../Backoff.ts"
import { InvalidRetryPolicy } from "../InvalidRetryPolicy.ts"
import { Jitter } from "../Jitter.ts"
import { Attempts } from "../PolicyData.ts"

/**
 * Returns a duration in whole milliseconds, rounded up.
 *
 * **Errors**
 *
 * Throws when it is negative, not a number, infinite, longer than 365 days or no duration at all.
 */
export const millis = (field: string, input: Duration.Input): number => {
  const duration = Duration.fromInput(input)
  // Duration turns NaN into zero: a delay that was computed wrongly would become a retry without a pause.
  const value = Option.isNone(duration) || holdsNaN(input) ? NaN : Math.ceil(Duration.toMillis(duration.value))
  if (isMillis(value)) return value
  return refuse(field, input, `a duration from 0 to 365 days (${maxDelayMillis} milliseconds)`)
}

/**
 * Returns a list of durations in whole milliseconds.
 *
 * **Errors**
 *
 * Throws when it is empty, longer than 1,000, or one of them is refused by `millis`.
 */
export const manyMillis = (
  field: string,
  inputs: ReadonlyArray<Duration.Input>
): readonly [number, ...Array<number>] => {
  const [first, ...rest] = inputs.slice(0, maxTableDelays).map((input, index) => millis(`${field}[${index}]`, input))
  if (first !== undefined && inputs.length <= maxTableDelays) return [first, ...rest]
  return refuse(`${field}.length`, inputs.length, `1 to ${maxTableDelays} delays`)
}

/**
 * Returns a number of attempts.
 *
 * **Errors**
 *
 * Throws when it is not a whole number between 1 and `most`. `most` defaults to `Number.MAX_SAFE_INTEGER`.
 */
export const attempts = (field: string, value: number, most: number = Number.MAX_SAFE_INTEGER): number => {
  if (isAttempts(value) && value <= most) return value
  return refuse(field, value, `a whole number of attempts from 1 to ${most}, the first attempt included`)
}

/**
 * Returns an exponential factor.
 *
 * **Errors**
 *
 * Throws when it is below 1, infinite or not a number.
 */
export const factor = (field: string, value: number): number =>
  isFactor(value) ? value : refuse(field, value, "a finite factor of 1 or more")

/**
 * Returns a kind of jitter.
 *
 * **Errors**
 *
 * Throws when it is none of the kinds.
 */
export const jitter = (field: string, value: Jitter): Jitter =>
  isJitter(value) ? value : refuse(field, value, `one of ${Jitter.literals.join(", ")}`)

/**
 * Throws `InvalidRetryPolicy` for a field, its value and what is accepted instead.
 */
export const refuse = (field: string, value: unknown, expected: string): never => {
  throw new InvalidRetryPolicy({ field, value: Formatter.format(value), expected })
}

const isMillis = Schema.is(Millis)

const isAttempts = Schema.is(Attempts)

const isFactor = Schema.is(Factor)

const isJitter = Schema.is(Jitter)

const holdsNaN = (input: Duration.Input): boolean => {
  if (typeof input !== "object" || Duration.isDuration(input)) return Number.isNaN(input)
  return Object.values(input).some((part) => Number.isNaN(part))
}
