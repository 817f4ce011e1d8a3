/** LISTEN as a stream of events: the hints of all processes. */
import type { StorageEvent } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import * as PgError from "../PgError.ts"
import * as PgSchema from "../PgSchema.ts"
import * as Hint from "./hint.ts"
import type { Notifier } from "./notifier.ts"
import type { Session } from "./session.ts"

/**
 * The events of a driver: those of this process at once, those of others by LISTEN.
 *
 * **Details**
 *
 * Begins with `Connected` when LISTEN stands, and fails when its connection is lost: run it again.
 * Each run holds one connection of the client's pool.
 */
export const events = (session: Session, notifier: Notifier): Stream.Stream<StorageEvent, StorageError> =>
  Stream.merge(remote(session), local(notifier), { haltStrategy: "either" })

const remote = (session: Session): Stream.Stream<StorageEvent, StorageError> =>
  Stream.unwrap(
    Effect.map(
      PgError.mapErrors("events")(session.sql.listen(PgSchema.channel(session.schemaName))),
      (queue) =>
        Stream.concat(
          Stream.succeed<StorageEvent>({ _tag: "Connected" }),
          Stream.fromQueue(queue).pipe(
            Stream.mapError(PgError.fromSqlError("events")),
            Stream.flatMap((notification) => Stream.fromIterable(Hint.unpack(notification.payload)))
          )
        )
    )
  )

const local = (notifier: Notifier): Stream.Stream<StorageEvent> =>
  Stream.unwrap(
    Effect.map(PubSub.subscribe(notifier.hub), (subscription) => Stream.fromSubscription(subscription))
  )
