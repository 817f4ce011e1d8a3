/**
 * The priority of a job as callers state it: a name or a number. Smaller runs first.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const message = "Expected urgent, high, normal, low or a whole number from 0 to 100"

/**
 * Schema of a priority: `urgent` (10), `high` (30), `normal` (50), `low` (70), or a whole number from 0 to 100.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Priority = Schema.Union([
  Schema.Literals(["urgent", "high", "normal", "low"]).annotate({ message }),
  Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 }, { message }))
]).annotate({ description: "urgent (10), high (30), normal (50), low (70), or a whole number from 0 (first) to 100" })

/**
 * A priority.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Priority = typeof Priority.Type
