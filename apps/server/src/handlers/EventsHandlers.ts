/**
 * The endpoints of events: hints of the storage, and one job whenever it changed.
 *
 * @since 0.1.0
 */
import { Api, JobView } from "@millrace/api"
import type { EventsApi } from "@millrace/api"
import { Queue } from "@millrace/queue"
import { JobState } from "@millrace/storage"
import type { JobId, Storage } from "@millrace/storage"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Stream from "effect/Stream"
import { EventHub } from "../EventHub.ts"
import * as JobAnswer from "./JobAnswer.ts"

/**
 * The handlers of the group `events`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api.Api,
  "events",
  Effect.fnUntraced(function*(handlers) {
    const queue = yield* Queue.Queue
    const hub = yield* EventHub
    return handlers.handleAll({
      service: () =>
        Effect.succeed(hub.until(Stream.merge(
          Stream.flatMap(hub.events, (event) => Stream.fromIterable(toServiceEvent(event))),
          Stream.as(Stream.drop(Stream.tick(pingEvery), 1), { type: "ping" as const })
        ))),
      job: ({ params }) =>
        Effect.as(JobAnswer.found(queue.get(params.id)), hub.until(follow(queue, hub.events, params.id)))
    })
  })
)

/** Proxies drop connections that are silent for a minute or half of one. */
const pingEvery = "15 seconds"

/** A job is looked at this often, whatever the hints say. */
const lookEvery = "1 second"

/** Looks without news until a listener is told that there are none: about as long as `pingEvery`. */
const quietLooks = 15

const toServiceEvent = (event: Storage.StorageEvent): Array<EventsApi.ServiceEvent> => {
  switch (event._tag) {
    case "Connected":
      return [{ type: "connected" }]
    case "Available":
      return [{ type: "available", queue: event.queue }]
    case "Scheduled":
      return [{ type: "scheduled" }]
    case "Finished":
      return [{ type: "finished", ids: event.ids }]
    default:
      return []
  }
}

const follow = (
  queue: Queue.Queue["Service"],
  hints: Stream.Stream<Storage.StorageEvent>,
  id: JobId.JobId
): Stream.Stream<EventsApi.JobEvent> =>
  Stream.merge(
    Stream.tick(lookEvery),
    Stream.filter(hints, (event) => event._tag === "Finished" && event.ids.includes(id))
  ).pipe(
    Stream.mapEffect(() => look(queue, id)),
    Stream.mapAccum(() => ({ shown: "", quiet: 0 }), (seen, event) => news(seen, event)),
    Stream.takeUntil(isLast)
  )

interface Seen {
  readonly shown: string
  readonly quiet: number
}

/** The job as it is, that it is gone, or null when the storage does not answer: the next look may. */
const look = (queue: Queue.Queue["Service"], id: JobId.JobId): Effect.Effect<EventsApi.JobEvent | null> =>
  queue.get(id).pipe(
    Effect.map((record): EventsApi.JobEvent => ({ type: "job", job: JobView.fromRecord(record) })),
    Effect.catch((error) => Effect.succeed(error._tag === "JobNotFound" ? { type: "removed" as const, id } : null))
  )

const news = (
  seen: Seen,
  event: EventsApi.JobEvent | null
): readonly [Seen, ReadonlyArray<EventsApi.JobEvent>] => {
  const text = event === null ? seen.shown : JSON.stringify(event)
  if (event !== null && text !== seen.shown) return [{ shown: text, quiet: 0 }, [event]]
  return seen.quiet + 1 < quietLooks
    ? [{ ...seen, quiet: seen.quiet + 1 }, []]
    : [{ ...seen, quiet: 0 }, [{ type: "ping" }]]
}

const isLast = (event: EventsApi.JobEvent): boolean =>
  event.type === "removed" || (event.type === "job" && JobState.isTerminal(event.job.state))
