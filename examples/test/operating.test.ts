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
  const text = read("roles.sql").replaceAll(/millrace_(worker|producer)/g, `$&${suffix}`)
  const [before = "", after = ""] = text.split("-- After the first start of a worker")
  yield* Effect.acquireRelease(runAll(before), () => Effect.ignore(dropRoles(suffix)))
  const worker = clientOf(`millrace_worker${suffix}`)
  yield* PgMigrations.migrate().pipe(Effect.provide(worker))
  yield* runAll(after.slice(after.indexOf("\n"))).pipe(Effect.provide(worker))
  return { worker, producer: clientOf(`millrace_producer${suffix}`) }
})

const dropRoles = (suffix: string) =>
  Effect.forEach(
    [`millrace_producer${suffix}`, `millrace_worker${suffix}`],
    (role) => runAll(`drop owned by ${role} cascade; drop role ${role}`)
  )

/** A worker for `Greet`, with the rights of whatever client it is given. */
const Greeter = Greet.toLayer(({ name }) =>
  name === "nobody" ? Job.dead("there is nobody to greet") : Effect.succeed(`hello ${name}`)
).pipe(
  Layer.provideMerge([Queue.layer, Worker.layer()]),
  Layer.provide([PgStorage.layer, Logger.layer([])])
)

layer(TestDatabase.layer, { excludeTestServices: true })("operating", (it) => {
  describe("examples/roles.sql", () => {
    it.effect(
      "lets the producer enqueue and read, the worker do everything else, and the producer nothing more",
      () =>
        Effect.gen(function*() {
          const { producer, worker } = yield* prepare
          const asProducer = Queue.layer.pipe(Layer.provide(PgStorage.layer), Layer.provide(producer))
          yield* Layer.build(Layer.provide(Greeter, worker))
          yield* Effect.gen(function*() {
            assert.strictEqual(yield* Greet.execute({ name: "ada" }), "hello ada")
            const { id } = yield* Greet.enqueue({ name: "later" }, { delay: "1 hour" })
            assert.deepStrictEqual(yield* Greet.enqueue({ name: "later" }), { _tag: "Duplicate", id })
            const queue = yield* Queue.Queue
            assert.strictEqual((yield* queue.get(id)).state, "scheduled")
            assert.strictEqual((yield* queue.list({ names: ["Greet"] })).items.length, 2)
            const exit = yield* Effect.exit(queue.cancel(id))
            assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "permission denied")
          }).pipe(Effect.provide(asProducer))
        }),
      60_000
    )
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
