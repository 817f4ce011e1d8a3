/** Leases: signs of life of workers, promotion of due jobs, and taking back what lost workers held. */
import * as Bounds from "@millrace/storage/Bounds"
import * as JobId from "@millrace/storage/JobId"
import type { Promoted, Reclaimed } from "@millrace/storage/Storage"
import * as StorageError from "@millrace/storage/StorageError"
import type { RenewRequest, RenewResult } from "@millrace/storage/WorkerRecord"
import * as Effect from "effect/Effect"
import * as statements from "../statements/lease.ts"
import { expire, promote } from "../statements/promote.ts"
import type { Notifier } from "./notifier.ts"
import * as Release from "./release.ts"
import type { Row, Session } from "./session.ts"

/** Count deltas folded by one statement: about what a busy second leaves behind. */
const foldMax = 5000

/** Jobs of each place that one promotion cancels at most because they waited too long. */
const expiredMax = 1000

/** Statements of one reclaim that fold what is left: a backlog of some minutes. The next call goes on. */
const foldsMax = 20

/** The renew method of a session. */
export const makeRenew = (session: Session, notifier: Notifier) => {
  const registerText = statements.register(session.schema)
  const renewText = statements.renew(session.schema)
  const leaveText = statements.leave(session.schema)

  const renew = Effect.fnUntraced(function*(workerId: string, leaseMillis: number) {
    const rows = yield* session.rows("renew", renewText, [yield* session.now, workerId, String(leaseMillis)])
    return toRenewed(rows[0])
  })

  return Effect.fnUntraced(function*(request: RenewRequest): Effect.fn.Return<RenewResult, StorageError.StorageError> {
    switch (request._tag) {
      case "Register": {
        const info = JSON.stringify(request.info)
        const params = [yield* session.now, request.workerId, String(request.leaseMillis), info]
        yield* session.rows("renew", registerText, params)
        return yield* renew(request.workerId, request.leaseMillis)
      }
      case "Renew":
        return yield* renew(request.workerId, request.leaseMillis)
      case "Leave": {
        const rows = yield* session.rows("renew", leaveText, [yield* session.now, request.workerId])
        yield* session.sql.afterCommit(notifier.inserted(queuesOf(rows), false))
        return lost
      }
    }
  })
}

/** The promote method of a session. */
export const makePromote = (session: Session, notifier: Notifier) => {
  const text = promote(session.schema)
  const expireText = expire(session.schema)
  const release = Release.make(session, notifier)
  return Effect.fnUntraced(function*({ limit }: { readonly limit: number }) {
    yield* check(Bounds.checkLimit("promote", limit))
    const late = yield* session.rows("promote", expireText, [yield* session.now, expiredMax])
    yield* session.sql.afterCommit(notifier.finished(late.map((row) => JobId.makeUnsafe(row["id"] as bigint))))
    const [row] = yield* session.rows("promote", text, [yield* session.now, limit])
    const promoted: Promoted = {
      count: (row?.["count"] ?? 0) as number,
      queues: (row?.["queues"] ?? []) as ReadonlyArray<string>,
      nextDueMillis: row?.["next_due_ms"] === null ? null : Math.max(0, Number(row?.["next_due_ms"]))
    }
    yield* session.sql.afterCommit(notifier.inserted(new Set(promoted.queues), false))
    return row?.["has_pending"] === true ? withReleased(promoted, yield* release) : promoted
  })
}

const withReleased = ({ count, nextDueMillis, queues }: Promoted, released: Release.Released): Promoted => ({
  count: count + released.available,
  queues: [...new Set([...queues, ...released.queues])].toSorted(),
  nextDueMillis: nextDueMillis === null || released.nextMillis === null
    ? nextDueMillis ?? released.nextMillis
    : Math.min(nextDueMillis, released.nextMillis)
})

/** The reclaim method of a session. It also folds the count deltas, being called every few seconds. */
export const makeReclaim = (session: Session, notifier: Notifier) => {
  const text = statements.reclaim(session.schema)
  const foldText = statements.foldCounts(session.schema)
  return Effect.fnUntraced(function*({ limit }: { readonly limit: number }) {
    yield* check(Bounds.checkLimit("reclaim", limit))
    const answer = yield* session.rows("reclaim", text, [yield* session.now, limit, foldMax])
    const rows = answer.filter((row) => row["id"] !== null)
    let folded = answer[0]?.["folded"]
    for (let folds = 0; folded === foldMax && folds < foldsMax; folds++) {
      const [row] = yield* session.rows("reclaim", foldText, [foldMax])
      folded = row?.["folded"]
    }
    yield* session.sql.afterCommit(notifier.inserted(queuesOf(rows), false))
    return rows.map(toReclaimed)
  })
}

const queuesOf = (rows: ReadonlyArray<Row>): ReadonlySet<string> => new Set(rows.map((row) => row["queue"] as string))

const lost: RenewResult = { _tag: "Lost" }

/** The answer of a renewal from the row of its statement; no row: the registration is gone. */
export const toRenewed = (row: Row | undefined): RenewResult =>
  row === undefined ? lost : {
    _tag: "Renewed",
    cancellations: row["cancellations"] as Extract<RenewResult, { _tag: "Renewed" }>["cancellations"],
    suspects: row["suspects"] as boolean,
    nextExpiryMillis: row["next_expiry_ms"] === null ? null : Math.max(0, row["next_expiry_ms"] as number)
  }

const toReclaimed = (row: Row): Reclaimed => ({
  id: JobId.makeUnsafe(row["id"] as bigint),
  name: row["name"] as string,
  queue: row["queue"] as string,
  token: row["token"] as number,
  workerId: row["worker_id"] as string,
  crashes: row["crashes"] as number,
  to: row["outcome"] as Reclaimed["to"]
})

const check = (reason: StorageError.Invalid | null): Effect.Effect<void, StorageError.StorageError> =>
  reason === null ? Effect.void : Effect.fail(new StorageError.StorageError({ reason }))
