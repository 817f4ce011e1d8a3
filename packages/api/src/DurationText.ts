/**
 * Durations as text: a number and a unit, such as `30 seconds`, `1 hour`, `2 days`.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const pattern = /^-?\d{1,15}(?:\.\d{1,9})? (?:milli|second|minute|hour|day|week)s?$/

const example = "Expected a duration such as \"30 seconds\", \"1 hour\" or \"2 days\""

/**
 * Makes the schema of a duration between two limits; `message` is the answer to one outside.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const between = (limits: {
  readonly minimum: Duration.Duration
  readonly maximum: Duration.Duration
  readonly message: string
  readonly description: string
}) =>
  Schema.String.annotate({ description: limits.description, examples: ["1 hour"] }).check(
    Schema.isPattern(pattern, { message: example }),
    Schema.makeFilter((text: string) => {
      const parsed = parse(text)
      return Option.isNone(parsed) ? example : Duration.between(parsed.value, limits) || limits.message
    })
  )

/**
 * Reads a duration; none for text that is not one.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const parse = (text: string): Option.Option<Duration.Duration> =>
  pattern.test(text) ? Duration.fromInput(text as Duration.Input) : Option.none()
