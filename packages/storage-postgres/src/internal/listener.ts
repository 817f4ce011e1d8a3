/**
 * LISTEN as a stream of events: the hints of all processes.
 *
 * It has a connection of its own beside the pool. A connection may be dead without anybody saying so, or lead to a
 * pooler that delivers nothing: so who hears nothing for a while notifies itself, and fails when that does not arrive.
 */
import * as PgConnection from "@effect/sql-pg/PgConnection"
import type { StorageEvent } from "@millrace/storage/Storage"
import * as StorageError from "@millrace/storage/StorageError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as PubSub from "effect/PubSub"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as PgError from "../PgError.ts"
import * as PgSchema from "../PgSchema.ts"
import * as Deadline from "./deadline.ts"
import * as Hint from "./hint.ts"
import type { Notifier } from "./notifier.ts"
import type { Session } from "./session.ts"

/** When to doubt a silent connection, in milliseconds. */
export interface Patience {
  /** A notification of its own is sent after so much silence. */
  readonly silenceMillis: number
  /** It has to arrive within so much. */
  readonly answerMillis: number
}

/** A dead connection is noticed after 17 seconds at most. */
const patience: Patience = { silenceMillis: 10_000, answerMillis: 5_000 }

/**
 * The events of a driver: those of this process at once, those of others by LISTEN.
 *
 * **Details**
 *
 * Begins with `Connected` when LISTEN stands, and fails when its connection is lost: run it again.
 */
export const events = (
  session: Session,
  notifier: Notifier,
  limits: Patience = patience
): Stream.Stream<StorageEvent, StorageError.StorageError> =>
  Stream.merge(remote(session, notifier.sender, limits), local(notifier), { haltStrategy: "either" })

const remote = (
  session: Session,
  listener: string,
  limits: Patience
): Stream.Stream<StorageEvent, StorageError.StorageError> =>
  Stream.unwrap(
    Effect.map(open(session, limits), ({ connection, heard, queue }) => {
      const notifications = Stream.fromQueue(queue).pipe(
        Stream.mapError(PgError.fromSqlError("events")),
        Stream.tap(() => Effect.sync(() => heard.openUnsafe())),
        Stream.flatMap((notification) => Stream.fromIterable(Hint.unpack(notification.payload, listener)))
      )
      const watched = Stream.drain(Stream.fromEffect(watch(session, connection, heard, limits)))
      return Stream.concat(
        Stream.succeed<StorageEvent>({ _tag: "Connected" }),
        Stream.merge(notifications, watched, { haltStrategy: "either" })
      )
    })
  )

/** Opens a connection and listens on it. */
const open = Effect.fnUntraced(function*(session: Session, limits: Patience) {
  // Closed in this order: a dead connection must not be asked to UNLISTEN, for it would never answer.
  const listening = yield* closedAtEnd
  const connecting = yield* closedAtEnd
  const late = () => unavailable(`no LISTEN within ${limits.answerMillis} ms`)
  return yield* Effect.gen(function*() {
    const base = yield* Scope.provide(PgConnection.make(session.sql.config), connecting)
    const connection = yield* Scope.provide(base.pin, listening)
    const queue = yield* Scope.provide(connection.listen(PgSchema.channel(session.schemaName)), listening)
    return { connection, queue, heard: Latch.makeUnsafe(false) }
  }).pipe(PgError.mapErrors("events"), Deadline.within(limits.answerMillis, late))
})

const closedAtEnd: Effect.Effect<Scope.Closeable, never, Scope.Scope> = Effect.acquireRelease(
  Scope.make(),
  (scope) => Scope.close(scope, Exit.void)
)

/** Fails when the connection hears nothing, not even itself. */
const watch = (
  session: Session,
  connection: PgConnection.PgConnection,
  heard: Latch.Latch,
  { answerMillis, silenceMillis }: Patience
): Effect.Effect<never, StorageError.StorageError> => {
  const channel = PgSchema.channel(session.schemaName)
  const sound = (millis: number): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      heard.closeUnsafe()
      return Effect.map(Effect.timeoutOption(heard.await, millis), ({ _tag }) => _tag === "Some")
    })
  // Of many listeners the first to lose patience notifies itself, and all of them hear it.
  const silence = Effect.flatMap(Random.next, (unit) => sound(silenceMillis * (0.8 + 0.4 * unit)))
  const ping = Effect.gen(function*() {
    const begun = yield* Clock.currentTimeMillis
    heard.closeUnsafe()
    yield* connection.query("select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)", [
      channel,
      pingText
    ])
      .pipe(
        PgError.mapErrors("events"),
        Deadline.within(answerMillis, () => unavailable(`the LISTEN connection gave no sign for ${answerMillis} ms`))
      )
    const left = answerMillis - ((yield* Clock.currentTimeMillis) - begun)
    const arrived = yield* Effect.timeoutOption(heard.await, Math.max(1, left))
    if (arrived._tag === "None") return yield* Effect.fail(deaf)
  })
  return Deadline.inRealTime(Effect.forever(Effect.flatMap(silence, (isHeard) => isHeard ? Effect.void : ping)))
}

/** A hint that says nothing: releases that do not know it pass it over. */
const pingText = "p"

const unavailable = (detail: string) =>
  new StorageError.StorageError({ reason: new StorageError.Unavailable({ operation: "events", detail }) })

const deaf = unavailable(
  "the LISTEN connection answers, but notifications do not arrive: it needs a connection of its own, not a pooler's"
)

const local = (notifier: Notifier): Stream.Stream<StorageEvent> =>
  Stream.unwrap(
    Effect.map(PubSub.subscribe(notifier.hub), (subscription) => Stream.fromSubscription(subscription))
  )
