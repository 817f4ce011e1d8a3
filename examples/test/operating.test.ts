import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, describe, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Job, Queue, Worker } from "@millrace/queue"
import { PgMigrations, PgStorage } from "@millrace/storage-postgres"
import { Cause, Effect, Exit, Layer, Logger, Redacted, Schema } from "effect"
import { readFileSync } from "node:fs"
import * as Example from "./support/Example.ts"

const Greet = Job.make("Greet", {
  payload: { name: Schema.String },
  success: Schema.String,
  unique: ({ name }) => name
})

/** The statements of a file of SQL, without its comments. */
const statementsOf = (text: string): ReadonlyArray<string> =>
  text.replaceAll(/^--.*$/gm, "").split(";").map((statement) => statement.trim()).filter((statement) =>
    statement !== ""
  )

const read = (file: string): string => readFileSync(`${Example.root}/examples/${file}`, "utf8")

const runAll = (text: string) =>
  Effect.flatMap(PgClient.PgClient, (sql) => Effect.forEach(statementsOf(text), (statement) => sql.unsafe(statement)))

/** A client with the rights of a role. The password is that of the example. */
const clientOf = (role: string) =>
  Layer.unwrap(TestDatabase.TestDatabase.use(({ url }) => {
    const own = new URL(Redacted.value(url))
    own.username = role
    own.password = "change%20me"
    return Effect.succeed(PgClient.layer({ url: Redacted.make(own.href), maxConnections: 5 }))
  }))

/** The example for the database of this test, with roles that no other run has: roles belong to the whole server. */
const prepare = Effect.gen(function*() {
  const { name } = yield* TestDatabase.TestDatabase
  const suffix = name.slice(name.lastIndexOf("_"))
  const text = read("roles.sql").replaceAll(/millrace_(owner|worker|producer|reader)/g, `$&${suffix}`)
  const [before = "", after = ""] = text.split("-- After the first start")
  yield* Effect.acquireRelease(runAll(before), () => Effect.ignore(dropRoles(suffix)))
  const owner = clientOf(`millrace_owner${suffix}`)
  yield* PgMigrations.migrate().pipe(Effect.provide(owner))
  yield* runAll(after.slice(after.indexOf("\n"))).pipe(Effect.provide(owner))
  return {
    owner,
    worker: clientOf(`millrace_worker${suffix}`),
    producer: clientOf(`millrace_producer${suffix}`),
    reader: clientOf(`millrace_reader${suffix}`)
  }
})

const dropRoles = (suffix: string) =>
  Effect.forEach(
    ["producer", "worker", "reader", "owner"].map((role) => `millrace_${role}${suffix}`),
    (role) => runAll(`drop owned by ${role} cascade; drop role ${role}`)
  )

/** Fails unless the server refuses the statement for the lack of a right. */
const expectDenied = (statement: string) =>
  PgClient.PgClient.use((sql) =>
    Effect.map(Effect.flip(sql.unsafe(statement)), (error) => {
      assert.match(String(error.reason.cause), /permission denied|must be owner/, statement)
    })
  )

const denied = {
  worker: [
    "select hash from millrace.api_key",
    "select body from millrace.idempotency",
    "insert into millrace.api_key (id, name, hash, scopes) values ('x', 'x', 'x', '{admin}')",
    "select * from millrace.audit",
    "insert into millrace.audit (actor, action, targets, detail) values ('x', 'x', '{}', '{}')",
    "delete from millrace.migration",
    "truncate millrace.ready",
    "drop table millrace.ready",
    "alter table millrace.ready add column x int",
    "create table millrace.mine (id int)"
  ],
  producer: [
    "select hash from millrace.api_key",
    "select body from millrace.idempotency",
    "select * from millrace.audit",
    "update millrace.ready set priority = 0",
    "delete from millrace.ready",
    "delete from millrace.lease",
    "insert into millrace.finished (id) values (1)",
    "insert into millrace.worker (id) values ('x')",
    "create table millrace.mine (id int)",
    "create function millrace.mine() returns int language sql as 'select 1'"
  ],
  reader: [
    "select hash from millrace.api_key",
    "select body from millrace.idempotency",
    "select * from millrace.audit",
    "select millrace.enqueue('Greet')",
    "insert into millrace.ready (id) values (1)",
    "update millrace.ready set priority = 0",
    "delete from millrace.dead",
    "select nextval('millrace.job_seq')",
    "create table millrace.mine (id int)"
  ]
} as const

/** A worker for `Greet`, with the rights of whatever client it is given. */
const greeterWith = (options: { readonly maintenance?: boolean }) =>
  Greet.toLayer(({ name }) =>
    name === "nobody" ? Job.dead("there is nobody to greet") : Effect.succeed(`hello ${name}`)
  ).pipe(
    Layer.provideMerge([Queue.layer, Worker.layer(options)]),
    Layer.provide([PgStorage.layer, Logger.layer([])])
  )

const Greeter = greeterWith({})

layer(TestDatabase.layer, { excludeTestServices: true })("operating", (it) => {
  describe("examples/roles.sql", () => {
    it.effect(
      "lets the producer enqueue and read, the worker run jobs, and the producer change none",
      () =>
        Effect.gen(function*() {
          const { producer, worker } = yield* prepare
          const asProducer = Queue.layer.pipe(Layer.provide(PgStorage.layer), Layer.provide(producer))
          yield* Layer.build(Layer.provide(greeterWith({ maintenance: false }), worker))
          yield* Effect.gen(function*() {
            assert.strictEqual(yield* Greet.execute({ name: "ada" }), "hello ada")
            const { id } = yield* Greet.enqueue({ name: "later" }, { delay: "1 hour" })
            assert.deepStrictEqual(yield* Greet.enqueue({ name: "later" }), { _tag: "Duplicate", id })
            const queue = yield* Queue.Queue
            assert.strictEqual((yield* queue.get(id)).state, "scheduled")
            const child = yield* Greet.enqueue({ name: "after that" }, { parents: [id] })
            assert.strictEqual((yield* queue.get(child.id)).state, "pending")
            assert.strictEqual((yield* queue.list({ names: ["Greet"] })).items.length, 3)
            const exit = yield* Effect.exit(queue.cancel(id))
            assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "permission denied")
          }).pipe(Effect.provide(asProducer))
        }),
      60_000
    )

    it.effect("denies each role what is not its work", () =>
      Effect.gen(function*() {
        const roles = yield* prepare
        for (const role of ["worker", "producer", "reader"] as const) {
          yield* Effect.forEach(denied[role], expectDenied).pipe(Effect.provide(roles[role]))
        }
        const enqueued = yield* PgClient.PgClient.use((sql) => sql.unsafe("select millrace.enqueue('Greet') as id"))
          .pipe(
            Effect.provide(roles.producer)
          )
        assert.strictEqual(enqueued.length, 1)
        const seen = yield* PgClient.PgClient.use((sql) => sql.unsafe("select name from millrace.job")).pipe(
          Effect.provide(roles.reader)
        )
        assert.deepStrictEqual(seen, [{ name: "Greet" }])
      }), 60_000)
  })

  describe("examples/watch.sql", () => {
    it.effect("answers what an operator asks", () =>
      Effect.gen(function*() {
        yield* PgMigrations.migrate()
        yield* Effect.gen(function*() {
          yield* Effect.flip(Greet.execute({ name: "nobody" }))
          yield* Greet.enqueue({ name: "ada" }, { queue: "nobody-works-here" })
          const [waiting, dead, workers, snapshots, tables, ...others] = yield* runAll(read("watch.sql"))
          assert.containSubset(waiting, [{ queue: "nobody-works-here", available: 1n }])
          assert.deepStrictEqual(dead, [{ name: "Greet", error: "Dead", count: 1n }])
          assert.containSubset(workers, [{ host: "local", names: `["Greet"]` }])
          assert.isArray(snapshots)
          assert.strictEqual(tables?.length, 5)
          assert.deepStrictEqual(others, [])
        }).pipe(Effect.provide(Greeter))
      }), 60_000)
  })
})
