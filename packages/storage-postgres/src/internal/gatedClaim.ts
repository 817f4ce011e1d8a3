/**
 * Claiming jobs under limits: one call of a function of the server decides and lends, a second statement reads the jobs.
 *
 * Nothing is held between the two: whoever freezes there has jobs of a lease, as after any claim.
 */
import type { Claim, ClaimOptions } from "@millrace/storage/Claim"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as statements from "../statements/claim.ts"
import type { GatedMark } from "./claimMark.ts"
import type { Notifier } from "./notifier.ts"
import * as Rows from "./rows.ts"
import type { Row, Session } from "./session.ts"

/** Gates that one call looks at: a few milliseconds, for which others wait. */
const probesMax = 200

/** Calls of one claim at most while gates are closed: the next claim goes on behind them. */
const callsMax = 5

/** What a claim got, and where it ended. */
interface Lent {
  readonly claims: ReadonlyArray<Claim>
  readonly mark: GatedMark
}

/** Claims jobs of one level; of the tenants in turn after the mark. */
export const make = (session: Session, notifier: Notifier) => {
  const text = statements.claimGated(session.schema)
  const read = makeRead(session)
  return Effect.fnUntraced(
    function*(options: ClaimOptions, key: string, level: number, wanted: number, from: GatedMark) {
      const claims: Array<Claim> = []
      let mark = from
      for (let calls = 0; calls < callsMax && claims.length < wanted; calls++) {
        const start = (yield* Random.nextInt).toString(16).replace("-", "")
        const params = [
          yield* session.now,
          options.workerId,
          options.queue,
          ...handlesOf(options),
          level,
          wanted - claims.length,
          Math.min(options.perTenant, wantedMax),
          mark.tenant,
          mark.rest,
          start,
          probesMax,
          key
        ]
        const [row] = yield* session.rows("claim", text, params)
        if (row === undefined) break
        claims.push(...(yield* read(row, options.queue)))
        mark = { tenant: row["last_tenant"] as string, rest: row["turn_left"] as number }
        yield* notifier.availableIn(options.queue, row["next_ms"] as number | null)
        if ((row["probed"] as number) < probesMax) break
      }
      return { claims, mark } satisfies Lent
    }
  )
}

/** Claims a suspect of a queue, under limits or not. */
export const makeSuspect = (session: Session) => {
  const text = statements.claimSuspect(session.schema)
  const gatedText = statements.claimGatedSuspect(session.schema)
  const read = makeRead(session)
  return Effect.fnUntraced(function*(options: ClaimOptions, key: string) {
    const { queue, workerId } = options
    const [names, lows, highs] = handlesOf(options)
    const rows = yield* session.rows("claim", text, [yield* session.now, workerId, queue, names, key, lows, highs])
    if (rows[0]?.["gated"] !== true) return rows.map((row) => Rows.toClaim(row, queue, Rows.toLent(row)))
    const params = [yield* session.now, workerId, queue, names, lows, highs, key]
    const [row] = yield* session.rows("claim", gatedText, params)
    return row === undefined ? [] : yield* read(row, queue)
  })
}

/** Shares beyond this are all that a claim can take. */
const wantedMax = 1_000_000

const handlesOf = ({ handles }: ClaimOptions) =>
  [
    handles.map(({ name }) => name),
    handles.map(({ versionMin }) => versionMin),
    handles.map(({ versionMax }) => versionMax)
  ] as const

/** Reads the jobs of the lease that a function answered, if it did. */
const makeRead = (session: Session) => {
  const text = statements.lentByGate(session.schema)
  return Effect.fnUntraced(function*(answer: Row, queue: string) {
    if (answer["lease_id"] === null) return []
    const rows = yield* session.rows("claim", text, [answer["lease_id"]])
    return rows.map((row) => Rows.toClaim(row, queue, Rows.toLent(row)))
  })
}
