/**
 * The flags and arguments that several commands of jobs share.
 *
 * @since 0.1.0
 */
import { Instant } from "@millrace/api/Instant"
import type { JobFilter } from "@millrace/api/JobFilter"
import { QuotedJobId } from "@millrace/api/JobNaming"
import { states } from "@millrace/storage/JobState"
import type { JobState } from "@millrace/storage/JobState"
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * One job id.
 *
 * @stability unstable
 * @category flags
 * @since 0.1.0
 */
export const id = Argument.String("id").pipe(
  Argument.withSchema(QuotedJobId),
  Argument.withDescription("The id of a job")
)

/**
 * One or more job ids.
 *
 * @stability unstable
 * @category flags
 * @since 0.1.0
 */
export const ids = id.pipe(Argument.atLeast(1))

/**
 * Text that is repeated: `--name a --name b`.
 *
 * @stability unstable
 * @category flags
 * @since 0.1.0
 */
export const repeated = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(`${description}; repeatable`), Flag.atLeast(0))

/**
 * A JSON value.
 *
 * @stability unstable
 * @category flags
 * @since 0.1.0
 */
export const json = (name: string, description: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar("<json>"),
    Flag.withDescription(description),
    Flag.withSchema(Schema.fromJsonString(Schema.Json)),
    Flag.optional
  )

/**
 * An instant with its zone.
 *
 * @stability unstable
 * @category flags
 * @since 0.1.0
 */
export const instant = (name: string, description: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar("<instant>"),
    Flag.withDescription(`${description}, such as 2026-11-22T08:00:00Z`),
    Flag.withSchema(Instant),
    Flag.optional
  )

/**
 * The filters of a list of jobs, without their states.
 *
 * @stability unstable
 * @category flags
 * @since 0.1.0
 */
export const filters = {
  name: repeated("name", "Only jobs of this name"),
  queue: repeated("queue", "Only jobs of this queue"),
  tenant: repeated("tenant", "Only jobs of this tenant"),
  tag: repeated("tag", "Only jobs with this tag"),
  payload: json("payload", "Only jobs whose payload contains this"),
  createdAfter: instant("created-after", "Only jobs created at or after this"),
  createdBefore: instant("created-before", "Only jobs created before this")
}

/**
 * Only jobs in these states: repeated, or separated by commas.
 *
 * @stability unstable
 * @category flags
 * @since 0.1.0
 */
export const state = Flag.String("state").pipe(
  Flag.withDescription(`Only jobs in this state (${states.join(", ")}); repeatable`),
  Flag.withMetavar("<state>"),
  Flag.filterMap(
    (text): Option.Option<ReadonlyArray<JobState>> => {
      const found = text.split(",").map((each) => states.find((state) => state === each))
      return found.every((each) => each !== undefined) ? Option.some(found) : Option.none()
    },
    (text) => `"${text}" is no state. Expected ${states.join(", ")}`
  ),
  Flag.atLeast(0)
)

/**
 * The values of `filters` as the query of the API: what is not given is left out.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const toFilter = (given: {
  readonly name: ReadonlyArray<string>
  readonly queue: ReadonlyArray<string>
  readonly tenant: ReadonlyArray<string>
  readonly tag: ReadonlyArray<string>
  readonly payload: Option.Option<Schema.Json>
  readonly createdAfter: Option.Option<NonNullable<JobFilter["createdAfter"]>>
  readonly createdBefore: Option.Option<NonNullable<JobFilter["createdBefore"]>>
}): JobFilter => ({
  ...(given.name.length === 0 ? {} : { name: given.name }),
  ...(given.queue.length === 0 ? {} : { queue: given.queue }),
  ...(given.tenant.length === 0 ? {} : { tenant: given.tenant }),
  ...(given.tag.length === 0 ? {} : { tag: given.tag }),
  ...(Option.isNone(given.payload) ? {} : { payload: given.payload.value }),
  ...(Option.isNone(given.createdAfter) ? {} : { createdAfter: given.createdAfter.value }),
  ...(Option.isNone(given.createdBefore) ? {} : { createdBefore: given.createdBefore.value })
})
