/**
 * What a caller says about a schedule: when, which job, and what to do when things go wrong.
 *
 * @since 0.1.0
 */
import type { EncodedRequest } from "@millrace/queue/EnqueueOptions"
import type { Overlap } from "@millrace/storage/ScheduleRecord"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"

/**
 * When a schedule fires: exactly one of `cron`, `every` and `at`.
 *
 * **Details**
 *
 * - `cron`: five fields, or six with the seconds first; see `CronExpression`. At most 256 characters
 * - `timeZone`: IANA name for `cron`. Defaults to `UTC`
 * - `every`: an interval from 1 second to 100 years
 * - `from`: an instant of `every`, from which the others are counted. Defaults to 1970-01-01T00:00:00Z, so that an
 *   hourly schedule fires on the hour of UTC and every deployment agrees
 * - `at`: one instant, later than now
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface TimingSpec {
  readonly cron?: string | undefined
  readonly timeZone?: string | undefined
  readonly every?: Duration.Input | undefined
  readonly from?: DateTime.DateTime.Input | undefined
  readonly at?: DateTime.DateTime.Input | undefined
}

/**
 * What happens to instants that nobody could fire within a minute, because every node was down.
 *
 * **Details**
 *
 * - `skip`: they are left out
 * - `runOnce`: the latest of them is fired for all, unless one that is still in time is fired anyway
 * - `catchUp`: the latest `max` (1 to 1,000) that are no older than `window` are fired, oldest first
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type MisfireSpec =
  | "skip"
  | "runOnce"
  | { readonly catchUp: { readonly max: number; readonly window: Duration.Input } }

/**
 * How a schedule goes about its instants.
 *
 * **Details**
 *
 * - `jitter`: the job starts up to so much after its instant, always the same for one instant; at most a day.
 *   Defaults to 0
 * - `overlap`: when the job of the instant before is not finished. Defaults to `queue`: each instant gets its job
 * - `misfire`: defaults to `runOnce`
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface PolicySpec {
  readonly jitter?: Duration.Input | undefined
  readonly overlap?: Overlap | undefined
  readonly misfire?: MisfireSpec | undefined
}

/**
 * A schedule to create. `name` has 1 to 255 characters. `job` is enqueued at each instant; it has neither `delay` nor
 * `runAt` nor `parents`.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface ScheduleSpec extends TimingSpec, PolicySpec {
  readonly name: string
  readonly job: EncodedRequest
}

/**
 * What to change of a schedule. A timing replaces the one before as a whole; what is absent stays.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type ScheduleChange = Partial<Omit<ScheduleSpec, "name">>
