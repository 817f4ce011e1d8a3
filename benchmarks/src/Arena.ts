/**
 * One contender on fresh, empty stores: what a scenario works with.
 *
 * Made for one contender, scenario and round, and thrown away afterwards, so
 * that nobody inherits bloat, caches or finished jobs of somebody else.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { BenchmarkFailed } from "./BenchmarkFailed.ts"
import type { Reading } from "./Cluster.ts"
import { Cluster } from "./Cluster.ts"
import type { Target } from "./Contender.ts"
import type { ContenderProcess } from "./ContenderProcess.ts"
import * as Processes from "./ContenderProcess.ts"
import type { Entry } from "./contenders/Registry.ts"
import type { RedisServer } from "./RedisServer.ts"
import type { Settings } from "./Settings.ts"

/** A contender on fresh stores. */
export interface Arena {
  readonly entry: Entry
  readonly settings: Settings
  /** URL of its database; empty for a contender on Redis. */
  readonly postgresUrl: string
  /** How many of `jobs` this contender's workers run. */
  readonly drainShare: (jobs: number) => number
  /** Starts one more process; the first one has prepared the stores, all of them are connected and warm. */
  readonly process: Effect.Effect<ContenderProcess, BenchmarkFailed, Scope.Scope>
  /** Starts a process that has run nothing before. */
  readonly coldProcess: Effect.Effect<ContenderProcess, BenchmarkFailed, Scope.Scope>
  /** The meters of the server that keeps the jobs. */
  readonly reading: Effect.Effect<Reading, BenchmarkFailed>
  /** Holds a snapshot in the database of the contender until the scope closes. */
  readonly holdSnapshot: Effect.Effect<void, BenchmarkFailed, Scope.Scope>
}

const makeTarget = Effect.fnUntraced(function*(entry: Entry, settings: Settings, redis: RedisServer | null) {
  const cluster = yield* Cluster
  if (entry.store === "redis" && redis !== null) yield* redis.flush
  const target: Target = {
    postgresUrl: entry.store === "postgres" ? yield* cluster.freshDatabase : "",
    redisUrl: redis?.url,
    slots: settings.slots
  }
  return target
})

/** Makes the stores of one run; they live as long as the scope. */
export const make = Effect.fnUntraced(function*(entry: Entry, settings: Settings, redis: RedisServer | null) {
  const cluster = yield* Cluster
  const target = yield* makeTarget(entry, settings, redis)
  let prepared = false
  const coldProcess = Effect.gen(function*() {
    const process = yield* Processes.spawn(entry.title, entry.module)
    const setup = !prepared
    prepared = true
    yield* process.request("open", { target, setup })
    return process
  })
  const arena: Arena = {
    entry,
    settings,
    postgresUrl: target.postgresUrl,
    drainShare: (jobs) => Math.max(1, Math.round(jobs * entry.drainShare)),
    coldProcess,
    process: Effect.tap(
      coldProcess,
      (process) => process.request("warmUp", { jobs: Math.max(10, Math.round(settings.warmUpJobs * entry.drainShare)) })
    ),
    reading: entry.store === "redis" && redis !== null ? redis.reading : cluster.reading,
    holdSnapshot: cluster.holdSnapshot(target.postgresUrl)
  }
  return arena
})
