/**
 * Samples and alerts on PostgreSQL. Inside a transaction of the same client everything is part of it.
 *
 * @since 0.1.0
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import { stepsMax } from "@millrace/storage/Sample"
import { SampleStorage } from "@millrace/storage/SampleStorage"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rows from "./internal/sampleRows.ts"
import * as Session from "./internal/session.ts"
import type { PgStorageOptions } from "./PgStorage.ts"
import * as statements from "./statements/sample.ts"

/**
 * Makes the storage. The tables must be there: see `PgMigrations`.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: PgStorageOptions = {}) {
  return fromSession(yield* Session.make(yield* PgClient.PgClient, options))
})

/**
 * The storage as a layer. Builds without touching the database.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layerWith = (options: PgStorageOptions): Layer.Layer<SampleStorage, never, PgClient.PgClient> =>
  Layer.effect(SampleStorage, make(options))

/**
 * The storage in the schema `millrace`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<SampleStorage, never, PgClient.PgClient> = layerWith({})

const fromSession = ({ now, rows, schema }: Session.Session): SampleStorage["Service"] => ({
  probe: ({ queues, windowMillis }) =>
    Effect.flatMap(now, (clock) =>
      Effect.map(
        rows("samples.probe", statements.probe(schema), [clock, String(windowMillis), queues]),
        (all) => all.map(Rows.toProbe)
      )),
  append: (samples) =>
    samples.length === 0
      ? Effect.void
      : Effect.asVoid(rows("samples.append", statements.append(schema), [JSON.stringify(samples)])),
  latest: Effect.map(rows("samples.latest", statements.latest(schema), []), (all) => all.map(Rows.toSample)),
  list: ({ from, queue, stepMillis, to }) =>
    Effect.map(
      rows("samples.list", statements.list(schema), [
        queue,
        DateTime.toDateUtc(from),
        DateTime.toDateUtc(to),
        String(stepMillis),
        stepsMax
      ]),
      (all) => all.map(Rows.toSample)
    ),
  judge: (findings) =>
    Effect.map(
      rows("alerts.judge", statements.judge(schema), [JSON.stringify(findings)]),
      (all) => all.map(Rows.toAlert)
    ),
  alerts: ({ before, limit, state }) =>
    Effect.map(
      rows("alerts.list", statements.alerts(schema), [limit, before ?? null, state ?? null]),
      (all) => all.map(Rows.toAlert)
    ),
  prune: (olderThanMillis) =>
    Effect.map(
      rows("samples.prune", statements.prune(schema), [String(olderThanMillis)]),
      ([row]) => (row?.["count"] ?? 0) as number
    )
})
