/**
 * Follows a job until it ends, over the server's events.
 *
 * @since 0.1.0
 */
import type { JobView } from "@millrace/api/JobView"
import type { JobId } from "@millrace/storage/JobId"
import * as JobState from "@millrace/storage/JobState"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as Failure from "./Failure.ts"
import * as JobText from "./JobText.ts"
import * as Output from "./Output.ts"
import * as Server from "./Server.ts"

/** A server that restarts is back within a few seconds; who watches does not want to start over. */
const again = Schedule.max([Schedule.spaced("1 second"), Schedule.recurs(30)])

/**
 * Writes the job whenever it changed, and answers its last state. A connection that breaks is opened again for half a
 * minute.
 *
 * **Errors**
 *
 * `CommandFailed` when the job is deleted meanwhile.
 *
 * @stability unstable
 * @category requests
 * @since 0.1.0
 */
export const follow = Effect.fnUntraced(function*(id: JobId) {
  const first = yield* Server.ask((client) => client.jobs.get({ params: { id } }))
  const client = yield* Server.client
  const last = yield* Stream.unwrap(client.events.job({ params: { id } })).pipe(
    Stream.filter((event) => event.type !== "ping"),
    Stream.mapEffect((event) =>
      event.type === "job"
        ? Effect.as(Output.event(event.job, () => JobText.line(event.job)), event.job)
        : Effect.fail(Failure.refused(`Job ${id} was deleted`))
    ),
    Stream.runLast,
    // A stream that ends before the job does was cut by the server's stop.
    Effect.flatMap((last) => isEnd(last) ? Effect.succeed(last) : Effect.fail("cut" as const)),
    Effect.retry({ schedule: again, while: (error) => error === "cut" || isTransport(error) }),
    Effect.catchIf((error) => error === "cut", () => Effect.succeed(Option.none<JobView>()))
  )
  return Option.getOrElse(last, () => first)
})

const isEnd = (last: Option.Option<JobView>): last is Option.Some<JobView> =>
  Option.isSome(last) && JobState.isTerminal(last.value.state)

const isTransport = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "HttpClientError"

/**
 * Fails for a job that did not complete, so that a script stops.
 *
 * @stability unstable
 * @category errors
 * @since 0.1.0
 */
export const expectCompleted = (job: JobView): Effect.Effect<void, Failure.CommandFailed> =>
  job.state === "completed"
    ? Effect.void
    : Effect.fail(Failure.refused(`Job ${job.id} is ${job.state}`, `millrace jobs show ${job.id} has its attempts`))
