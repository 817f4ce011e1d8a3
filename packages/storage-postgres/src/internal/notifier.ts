/**
 * Sends hints to other processes by NOTIFY, and at once to this one.
 *
 * One NOTIFY carries every hint since the last, and at most one is sent in 15 ms, in a
 * transaction of its own that does not wait for the disk: a NOTIFY holds a lock of the whole server
 * while it commits, so that one per job would cap the server (measured: 15,500 inserts/s become 3,600).
 * Losing a hint costs at most one poll interval.
 */
import * as JobId from "@millrace/storage/JobId"
import * as JobState from "@millrace/storage/JobState"
import type { Settlement } from "@millrace/storage/Outcome"
import type { StorageEvent } from "@millrace/storage/Storage"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as PgSchema from "../PgSchema.ts"
import * as Hint from "./hint.ts"
import type { Row, Session } from "./session.ts"

/**
 * The notifier of a driver.
 *
 * **Details**
 *
 * `hub` has the events that happen in this process. The functions are called after the commit.
 */
export interface Notifier {
  /** Tells its own notifications from those of others. */
  readonly sender: string
  readonly hub: PubSub.PubSub<StorageEvent>
  readonly inserted: (queues: ReadonlySet<string>, isScheduled: boolean) => Effect.Effect<void>
  readonly settled: (settlements: ReadonlyArray<Settlement>, rows: ReadonlyArray<Row>) => Effect.Effect<void>
  readonly cancelRequested: (workerIds: ReadonlySet<string>) => Effect.Effect<void>
  /** Tells this process that jobs of a queue may start in so many milliseconds: a limit will have room. Null: unknown. */
  readonly availableIn: (queue: string, millis: number | null) => Effect.Effect<void>
  readonly finished: (ids: ReadonlyArray<JobId.JobId>) => Effect.Effect<void>
}

/** Between two NOTIFYs of one process: within the 10 to 20 ms that the measurements of design section 7 allow. */
const pause = "15 millis"

/** Events kept for a subscriber in this process that does not read. */
const eventsKept = 1024

/** Starts a notifier. */
export const make = Effect.fnUntraced(function*(
  session: Session
): Effect.fn.Return<Notifier, never, Scope.Scope> {
  const hub = yield* PubSub.sliding<StorageEvent>(eventsKept)
  const wake = yield* Queue.sliding<void>(1)
  const pending = new Set<string>()
  const sender = yield* senderOf
  yield* Effect.forkScoped(sendLoop(session, pending, wake, sender))

  // Suspended: what is made inside of a transaction is run after its commit, or never.
  const publish = (events: ReadonlyArray<StorageEvent>): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (events.length === 0) return Effect.void
      for (const event of events) {
        const hint = Hint.encode(event)
        if (hint !== null) pending.add(hint)
      }
      return Effect.andThen(PubSub.publishAll(hub, events), Queue.offer(wake, undefined))
    })

  const availableIn = yield* makeAlarm((queue) => PubSub.publish(hub, { _tag: "Available", queue }))

  return {
    sender,
    hub,
    availableIn,
    inserted: (queues, isScheduled) => publish(insertedEvents(queues, isScheduled)),
    settled: (settlements, rows) => publish(settledEvents(settlements, rows)),
    cancelRequested: (ids) => publish([...ids].map((workerId) => ({ _tag: "CancelRequested", workerId }))),
    finished: (ids) => publish(ids.length === 0 ? [] : [{ _tag: "Finished", ids }])
  }
})

/** Beyond this polling is soon enough. */
const alarmMax = 1000

/** Alarms, one for each queue at a time: the one that is due first. */
const makeAlarm = Effect.fnUntraced(function*(ring: (queue: string) => Effect.Effect<unknown>) {
  const scope = yield* Effect.scope
  const due = new Map<string, number>()
  return Effect.fnUntraced(function*(queue: string, millis: number | null) {
    if (millis === null || millis > alarmMax) return
    const at = (yield* Clock.currentTimeMillis) + millis
    if ((due.get(queue) ?? Number.POSITIVE_INFINITY) <= at) return
    due.set(queue, at)
    const alarm = Effect.suspend(() => {
      if (due.get(queue) === at) due.delete(queue)
      return ring(queue)
    })
    yield* Effect.forkIn(Effect.delay(alarm, Math.max(1, Math.ceil(millis))), scope)
  })
})

/** Sixteen digits: two senders of one name would not hear of each other. */
const senderOf: Effect.Effect<string> = Effect.map(
  Effect.all([Random.nextInt, Random.nextInt]),
  (parts) => parts.map((part) => (part >>> 0).toString(16).padStart(8, "0")).join("")
)

const sendLoop = (session: Session, pending: Set<string>, wake: Queue.Queue<void>, sender: string) => {
  const channel = PgSchema.channel(session.schemaName)
  const text = "select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)"
  const send = Effect.fnUntraced(function*() {
    yield* Queue.take(wake)
    for (const payload of Hint.pack(pending, sender)) yield* session.rows("notify", text, [channel, payload])
    yield* Effect.sleep(pause)
  })
  return send().pipe(
    Effect.catchCause((cause) =>
      Effect.andThen(Effect.logDebug("a hint was not sent", cause), Effect.sleep("1 second"))
    ),
    Effect.forever
  )
}

const insertedEvents = (queues: ReadonlySet<string>, isScheduled: boolean): ReadonlyArray<StorageEvent> => {
  const events: Array<StorageEvent> = [...queues].map((queue) => ({ _tag: "Available", queue }))
  if (isScheduled) events.push({ _tag: "Scheduled" })
  return events
}

/** What settlements bring about: `rows` are those of the settle statements; the hot one answers ids only. */
const settledEvents = (
  settlements: ReadonlyArray<Settlement>,
  rows: ReadonlyArray<Row>
): ReadonlyArray<StorageEvent> => {
  const back = rows.filter((row) => typeof row["act"] === "number" && row["act"] >= 2 && row["act"] <= 4)
  const queues = new Set(back.filter((row) => row["is_delayed"] !== true).map((row) => row["queue"] as string))
  const returned = new Set(back.map((row) => String(row["id"])))
  const ids = settlements.flatMap((one) => (returned.has(one.id) ? [] : [one.id]))
  const events = [...insertedEvents(queues, back.some((row) => row["is_delayed"] === true))]
  if (ids.length > 0) events.push({ _tag: "Finished", ids })
  return events
}

/** The events of a transition: what became available or is due later, whom to ask to stop, what ended. */
export const ofTransition = (notifier: Notifier, rows: ReadonlyArray<Row>): Effect.Effect<void> => {
  const queues = new Set(rows.filter((row) => row["to_state"] === "available").map((row) => row["queue"] as string))
  const workers = new Set(
    rows.filter((row) => row["to_state"] === "requested").map((row) => row["worker_id"] as string)
  )
  const ended = rows.filter((row) => isEnded(row["to_state"])).map((row) => JobId.makeUnsafe(row["id"] as bigint))
  return Effect.all([
    notifier.inserted(queues, rows.some((row) => row["to_state"] === "scheduled" || row["to_state"] === "retryable")),
    notifier.cancelRequested(workers),
    notifier.finished(ended)
  ], { discard: true })
}

const isEnded = (state: unknown): boolean =>
  JobState.states.some((known) => known === state && JobState.isTerminal(known))
