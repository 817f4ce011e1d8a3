/**
 * Alerts: what is not as it should be, since when, and until when.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Schema of the rules.
 *
 * **Details**
 *
 * - `depth`: too many jobs of a queue are available
 * - `oldest`: a job of a queue has been due for too long
 * - `running`: a claim of a queue has been held for too long
 * - `dead-rate`: too large a share of the jobs that ended in a queue died
 * - `no-worker`: jobs of a name wait in a queue and no live worker serves both
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const AlertRule = Schema.Literals(["depth", "oldest", "running", "dead-rate", "no-worker"])

/**
 * A rule.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type AlertRule = typeof AlertRule.Type

/**
 * Schema of what a rule found: the value that is beyond the threshold. Milliseconds, jobs, or a share of 1.
 * `name` is that of the jobs for `no-worker`, else empty.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Finding = Schema.Struct({
  rule: AlertRule,
  queue: Schema.String,
  name: Schema.String,
  value: Schema.Finite,
  threshold: Schema.Finite
})

/**
 * What a rule found.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Finding = typeof Finding.Type

/**
 * Schema of an alert. It is `firing` until a look finds nothing any more; what is found after that is another alert.
 * `value` is the newest, or the last before it was resolved.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Alert = Schema.Struct({
  id: Schema.String,
  ...Finding.fields,
  state: Schema.Literals(["firing", "resolved"]),
  since: Schema.DateTimeUtc,
  resolvedAt: Schema.NullOr(Schema.DateTimeUtc)
})

/**
 * An alert.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Alert = typeof Alert.Type

/**
 * Which alerts to list, newest first: of one state, and before the id of the last one of the page before.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface AlertQuery {
  readonly state?: Alert["state"]
  readonly before?: string
  readonly limit: number
}
