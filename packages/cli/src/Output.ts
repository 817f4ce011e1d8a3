/**
 * Writes answers: text for people, JSON for scripts, on the standard output; everything else on the standard error.
 *
 * @since 0.1.0
 */
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Settings from "./Settings.ts"

/**
 * Writes an answer: `value` as JSON with `--json`, else `text`.
 *
 * @stability unstable
 * @category output
 * @since 0.1.0
 */
export const answer = (value: unknown, text: () => string) =>
  Effect.flatMap(
    Settings.Json,
    (json) => Console.log(json ? JSON.stringify(value, null, 2) : text())
  )

/**
 * Writes one of many answers that come over time: one line of JSON with `--json`, else `text`.
 *
 * @stability unstable
 * @category output
 * @since 0.1.0
 */
export const event = (value: unknown, text: () => string) =>
  Effect.flatMap(Settings.Json, (json) => Console.log(json ? JSON.stringify(value) : text()))

/**
 * Writes an instant for people: UTC, to the second.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const instant = (at: DateTime.Utc | null): string =>
  at === null ? "" : `${DateTime.formatIso(at).slice(0, 19).replace("T", " ")}Z`

/**
 * Writes a value as one line of JSON, for people.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const json = (value: unknown): string => JSON.stringify(value)
