/**
 * The reads of a streaming replica, and how far it is behind its primary.
 *
 * For programs that answer many reads which may be a few seconds old, such as lists and statistics. Never for what
 * decides anything: claims, limits, keys and transactions belong to the primary.
 *
 * @since 0.1.0
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import type { SampleStorage } from "@millrace/storage/SampleStorage"
import type { Storage } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Session from "./internal/session.ts"
import * as PgSampleStorage from "./PgSampleStorage.ts"
import type { PgStorageOptions } from "./PgStorage.ts"
import * as PgStorage from "./PgStorage.ts"

/**
 * A replica.
 *
 * **Details**
 *
 * `lagMillis` looks at both databases and answers how long the replica has been without something that the primary had
 * written, 0 when it has everything; null when that is not known: the replica is no standby (one that is fed in another
 * way, or a copy), or the primary does not answer. It fails when the replica does not answer. The longer it is asked in
 * equal intervals, the more exact: it can not tell less than the time since it was asked before.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface PgReplica {
  readonly storage: Pick<Storage["Service"], "list" | "overview" | "inspect">
  readonly samples: Pick<SampleStorage["Service"], "list" | "latest" | "alerts">
  readonly lagMillis: Effect.Effect<number | null, StorageError>
}

/**
 * Makes the reads of `replica`, a client of its own; `PgClient` is the primary. Builds without touching a database.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(replica: PgClient.PgClient, options: PgStorageOptions = {}) {
  const onPrimary = yield* Session.make(yield* PgClient.PgClient, options)
  const onReplica = yield* Session.make(replica, options)
  const storage = yield* Effect.provideService(PgStorage.make(options), PgClient.PgClient, replica)
  const samples = yield* Effect.provideService(PgSampleStorage.make(options), PgClient.PgClient, replica)
  return { storage, samples, lagMillis: makeLag(onPrimary, onReplica) } satisfies PgReplica
})

/** What is written to the disk of the primary: only that is sent. */
const written = "select pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::text as position"

const replayed = `select case when pg_is_in_recovery()
  then pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::text end as position`

/** A position of the primary, and when it had been reached. */
interface Mark {
  readonly position: bigint
  readonly atMillis: number
}

/** Marks that are kept: of a replica that is so far behind it is not told how far exactly. */
const marksMax = 1000

const makeLag = (primary: Session.Session, replica: Session.Session): PgReplica["lagMillis"] => {
  let marks: ReadonlyArray<Mark> = []
  const positionOf = (session: Session.Session, text: string) =>
    Effect.map(session.rows("replica.lag", text, []), ([row]) => {
      const position = row?.["position"]
      return typeof position === "string" ? BigInt(position) : null
    })
  return Effect.gen(function*() {
    // In this order: what the primary had before the replica was asked must be there, if nothing is missing.
    const position = yield* Effect.orElseSucceed(positionOf(primary, written), () => null)
    const atMillis = yield* Clock.currentTimeMillis
    const reached = yield* positionOf(replica, replayed)
    if (reached === null || position === null) return null
    // A primary that stands before a mark is another one, which took over without what came after: nobody will have that.
    marks = [...marks, { position, atMillis }]
      .filter((mark) => mark.position > reached && mark.position <= position)
      .slice(0, marksMax)
    const [oldest] = marks
    return oldest === undefined ? 0 : Math.max(1, (yield* Clock.currentTimeMillis) - oldest.atMillis)
  })
}
