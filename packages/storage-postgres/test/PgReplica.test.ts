import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { EmbeddedPostgres } from "@millrace/postgres-embedded"
import { Storage } from "@millrace/storage"
import { Fixture } from "@millrace/storage-test"
import { Context, Effect, Layer, Redacted, Schedule } from "effect"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import * as PgReplica from "../src/PgReplica.ts"
import * as PgStorage from "../src/PgStorage.ts"

/** A primary and its streaming replica: two real servers, the second on a copy of the first one's files. */
class Pair extends Context.Service<Pair, {
  readonly primary: EmbeddedPostgres.EmbeddedPostgres["Service"]
  readonly replica: EmbeddedPostgres.EmbeddedPostgres["Service"]
  readonly replicaUrl: Redacted.Redacted
}>()("@millrace/storage-postgres/test/Pair") {}

/** Durable: what is committed is on the disk, and only that is sent. */
const server = Effect.map(
  Layer.build(Layer.fresh(EmbeddedPostgres.ephemeral({ durable: true }))),
  (context) => Context.get(context, EmbeddedPostgres.EmbeddedPostgres)
)

/** Copies the files of a stopped cluster over those of another one, which then follows the first. */
const follow = (primary: EmbeddedPostgres.EmbeddedPostgres["Service"], directory: string): void => {
  const { gid, uid } = NodeFs.statSync(directory)
  NodeFs.rmSync(directory, { recursive: true })
  NodeFs.cpSync(primary.dataDirectory, directory, { recursive: true })
  const connection = `host=127.0.0.1 port=${primary.port} user=${primary.user} password=${
    Redacted.value(primary.password)
  }`
  NodeFs.appendFileSync(NodePath.join(directory, "postgresql.auto.conf"), `primary_conninfo = '${connection}'\n`)
  NodeFs.writeFileSync(NodePath.join(directory, "standby.signal"), "")
  for (const name of ["", ...NodeFs.readdirSync(directory, { recursive: true, encoding: "utf8" })]) {
    NodeFs.lchownSync(NodePath.join(directory, name), uid, gid)
  }
  NodeFs.chmodSync(directory, 0o700)
}

const pair = Layer.effect(
  Pair,
  Effect.gen(function*() {
    const [primary, replica] = yield* Effect.all([server, server], { concurrency: 2 })
    yield* Effect.all([primary.stop("fast"), replica.stop("fast")])
    yield* Effect.sync(() => follow(primary, replica.dataDirectory))
    yield* Effect.all([primary.start, replica.start])
    const url = new URL(Redacted.value(primary.url))
    url.port = String(replica.port)
    return Pair.of({ primary, replica, replicaUrl: Redacted.make(url.href) })
  })
)

const onPrimary = Layer.unwrap(Effect.map(Pair, ({ primary }) => PgClient.layer({ url: primary.url })))

const driver = PgStorage.layerMigrated().pipe(Layer.provideMerge(onPrimary), Layer.provideMerge(pair))

/** Waits for what the replica takes over in its own time. */
const until = <A, E, R>(read: Effect.Effect<A, E, R>, holds: (value: A) => boolean) =>
  read.pipe(
    Effect.flatMap((value) => holds(value) ? Effect.succeed(value) : Effect.fail(value)),
    Effect.retry(Schedule.spaced("50 millis")),
    Effect.timeout("60 seconds")
  )

const replicaOf = Effect.gen(function*() {
  const { replicaUrl } = yield* Pair
  const context = yield* Layer.build(Layer.fresh(PgClient.layer({ url: replicaUrl })))
  return yield* PgReplica.make(Context.get(context, PgClient.PgClient))
})

layer(driver, { excludeTestServices: true, timeout: 120_000 })("PgReplica on a streaming replica", (it) => {
  it.effect("reads what the primary committed, and is not behind when it has everything", () =>
    Effect.gen(function*() {
      const storage = yield* Storage.Storage
      const replica = yield* replicaOf
      yield* storage.insert([Fixture.newJob({ queue: "mail" })])
      yield* until(replica.lagMillis, (lag) => lag === 0)
      const { items } = yield* replica.storage.list({})
      assert.deepStrictEqual(items.map(({ queue }) => queue), ["mail"])
      assert.deepStrictEqual((yield* replica.storage.overview).queues.map(({ queue }) => queue), ["mail"])
      assert.deepStrictEqual(yield* replica.samples.latest, [])
    }))

  it.effect("tells how long it has been without what the primary wrote, and catches up", () =>
    Effect.gen(function*() {
      const storage = yield* Storage.Storage
      const replica = yield* replicaOf
      const { replicaUrl } = yield* Pair
      const sql = Context.get(yield* Layer.build(Layer.fresh(PgClient.layer({ url: replicaUrl }))), PgClient.PgClient)
      yield* until(replica.lagMillis, (lag) => lag === 0)
      yield* sql.unsafe("select pg_wal_replay_pause()")
      yield* until(sql.unsafe<{ readonly state: string }>("select pg_get_wal_replay_pause_state() as state"), ([row]) =>
        row?.state === "paused")
      yield* storage.insert([Fixture.newJob({ queue: "later" })])
      yield* until(replica.lagMillis, (lag) =>
        lag !== null && lag > 300)
      assert.notInclude((yield* replica.storage.list({})).items.map(({ queue }) => queue), "later")
      yield* sql.unsafe("select pg_wal_replay_resume()")
      yield* until(replica.lagMillis, (lag) => lag === 0)
      assert.include((yield* replica.storage.list({})).items.map(({ queue }) => queue), "later")
    }))

  it.effect("forgets what a primary had that was lost, when another one takes over", () =>
    Effect.gen(function*() {
      const { replicaUrl } = yield* Pair
      const context = yield* Layer.build(Layer.fresh(PgClient.layer({ url: replicaUrl })))
      const sql = yield* PgClient.PgClient
      const lost = { is: true }
      const primary: PgClient.PgClient = Object.assign(Object.create(sql), {
        unsafe: (text: string, params?: ReadonlyArray<unknown>) =>
          sql.unsafe(lost.is ? "select 1000000000000000000::text as position" : text, params)
      })
      const { lagMillis } = yield* PgReplica.make(Context.get(context, PgClient.PgClient)).pipe(
        Effect.provideService(PgClient.PgClient, primary)
      )
      assert.isAbove((yield* lagMillis) ?? 0, 0)
      lost.is = false
      yield* until(lagMillis, (lag) => lag === 0)
    }))

  it.effect("does not know the lag of a database that is no standby, nor while the primary is away", () =>
    Effect.gen(function*() {
      const { primary, replica } = yield* Pair
      const same = yield* PgReplica.make(yield* PgClient.PgClient)
      assert.isNull(yield* same.lagMillis)
      const reads = yield* replicaOf
      yield* primary.stop("fast")
      assert.isNull(yield* reads.lagMillis)
      assert.isNotEmpty((yield* reads.storage.list({})).items)
      yield* primary.start
      yield* replica.stop("fast")
      assert.strictEqual((yield* Effect.flip(reads.lagMillis)).reason._tag, "Unavailable")
    }))
})
