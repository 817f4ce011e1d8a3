/**
 * Who takes part: one entry a contender, with what a reader of the figures must know about it.
 */
import { fileURLToPath } from "node:url"

/** One contender as the harness knows it. */
export interface Entry {
  /** Name on the command line and in result files. */
  readonly name: string
  /** Name in tables. */
  readonly title: string
  /** Where its jobs are kept. */
  readonly store: "postgres" | "redis"
  /** Path of the module that exports `make` (`ContenderModule`). */
  readonly module: string
  /** The project's own entry: the one that ratios are told of. */
  readonly ours: boolean
  /** Share of the jobs of a scenario with workers that it runs; below 1 where all of them would take minutes. */
  readonly drainShare: number
  /** How it is tuned, in one line. */
  readonly tuning: string
  /** What an accepted job survives. */
  readonly durability: string
  /** Takes part only in scenarios that name it. */
  readonly guest?: boolean
}

const peer = (file: string): string => fileURLToPath(new URL(`../../peers/src/${file}.ts`, import.meta.url))

const own = (file: string): string => fileURLToPath(new URL(`./${file}.ts`, import.meta.url))

const commit = "survives a crash of the machine (commit with fsync)"

/** All contenders, in the order of the tables. */
export const entries: ReadonlyArray<Entry> = [
  {
    name: "millrace",
    title: "Millrace",
    store: "postgres",
    module: own("millrace"),
    ours: true,
    drainShare: 1,
    tuning: "defaults: prefetch and batches by itself, pool 10, enqueueAll; keeps finished jobs with payload 30 days",
    durability: commit
  },
  {
    name: "millrace-api",
    title: "Millrace's HTTP API",
    store: "postgres",
    module: own("millraceApi"),
    ours: false,
    drainShare: 1,
    tuning: "one millrace-server with its defaults, limits of callers raised; its CPU is in no column",
    durability: commit,
    guest: true
  },
  {
    name: "graphile-worker",
    title: "graphile-worker",
    store: "postgres",
    module: peer("graphileWorker"),
    ours: false,
    drainShare: 1,
    tuning: "local queue 500, batched completion (0 ms), pool slots + 2, bulk addJobs; keeps no finished jobs",
    durability: commit
  },
  {
    name: "pg-boss",
    title: "pg-boss",
    store: "postgres",
    module: peer("pgBoss"),
    ours: false,
    drainShare: 1,
    tuning:
      "2 workers with batches of 500, burst while batches are full, NOTIFY, bulk insert(); keeps finished jobs 7 days",
    durability: commit
  },
  {
    name: "bullmq-postgres",
    title: "BullMQ on PostgreSQL",
    store: "postgres",
    module: peer("bullmqPostgres"),
    ours: false,
    drainShare: 0.1,
    tuning: "concurrency = slots, pool 10 (more is slower here), addBulk, removeOnComplete; keeps no finished jobs",
    durability: commit
  },
  {
    name: "effect-mq",
    title: "effect-mq",
    store: "postgres",
    module: peer("effectMq"),
    ours: false,
    drainShare: 0.02,
    tuning:
      "10 takers (more are no faster here), pool 12, enqueueMany, tables as drizzle-kit generates them; keeps finished jobs for ever",
    durability: commit
  },
  {
    name: "bullmq-redis",
    title: "BullMQ on Redis",
    store: "redis",
    module: peer("bullmqRedis"),
    ours: false,
    drainShare: 1,
    tuning: "concurrency = slots, addBulk, removeOnComplete, append-only file; keeps no finished jobs",
    durability: "may be lost in the last second before a crash (append-only file flushed every second)"
  }
]
