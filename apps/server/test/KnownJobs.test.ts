import { assert, describe, it } from "@effect/vitest"
import { Job, JobDefaults, Queue } from "@millrace/queue"
import { MemoryStorage, Storage, StorageError } from "@millrace/storage"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as KnownJobs from "../src/KnownJobs.ts"
import { Echo, SendWelcome } from "./support/ServerUnderTest.ts"

const sources: KnownJobs.Sources = { builtIn: [SendWelcome], module: [Echo] }

/** Known jobs on a storage that counts its overviews and may fail them. */
const harness = Effect.fnUntraced(function*(options: { readonly sources?: KnownJobs.Sources } = {}) {
  const memory = yield* MemoryStorage.make()
  const seen = { overviews: 0, isAway: false }
  const away = new StorageError.StorageError({
    reason: new StorageError.Unavailable({ operation: "overview", detail: "away" })
  })
  const overview = Effect.suspend(() => {
    seen.overviews++
    return seen.isAway ? Effect.fail(away) : memory.overview
  })
  const storage = Layer.succeed(Storage.Storage, { ...memory, overview })
  const context = yield* Layer.build(
    KnownJobs.layer(options.sources ?? sources).pipe(Layer.provide(Queue.layer), Layer.provide(storage))
  )
  const known = yield* Effect.provide(KnownJobs.KnownJobs, context)
  const work = (name: string) =>
    memory.renew({
      _tag: "Register",
      workerId: `runs ${name}`,
      leaseMillis: 60_000,
      info: { host: "h", pid: 1, release: "0", queues: ["default"], names: [name], concurrency: 1 }
    })
  return { known, seen, work }
})

const check = (known: KnownJobs.KnownJobs["Service"], name: string, payload: Schema.Json) =>
  Effect.map(known.check({ name, payload }), (refusal) => refusal?.error ?? null)

describe("KnownJobs", () => {
  it.effect("have the defaults of the server where they say nothing of their own", () =>
    Effect.gen(function*() {
      const own = Job.make("Own", { payload: {}, timeout: "3 seconds" })
      const { known } = yield* harness({ sources: { builtIn: [own], module: [Echo] } })
      const types = yield* known.all
      assert.deepStrictEqual(types.map(({ name, timeoutMillis }) => [name, timeoutMillis]), [["Echo", 1000], [
        "Own",
        3000
      ]])
    }).pipe(Effect.scoped, Effect.provide(JobDefaults.layer({ timeoutMillis: 1000 }))))

  it.effect("lets payloads pass that fit the definition, without asking the storage", () =>
    Effect.gen(function*() {
      const { known, seen } = yield* harness()
      assert.isNull(yield* check(known, "SendWelcome", { userId: "u1", count: 2 }))
      assert.isNull(yield* check(known, "Echo", [1, null]))
      assert.strictEqual(seen.overviews, 0)
    }))

  it.effect("names the field of a payload that does not fit", () =>
    Effect.gen(function*() {
      const { known } = yield* harness()
      const fields = [
        [{ userId: 5 }, "payload.userId"],
        [{}, "payload.userId"],
        [{ userId: "u", count: 1.5 }, "payload.count"],
        [{ userId: "u", address: { city: null } }, "payload.address.city"],
        [{ userId: "u", extra: 1 }, "payload.extra"],
        ["u1", "payload"],
        [null, "payload"]
      ] as const
      for (const [payload, field] of fields) {
        assert.deepInclude(yield* check(known, "SendWelcome", payload), { tag: "InvalidPayload", field })
      }
    }))

  it.effect("refuses an unknown name, and lists those that are known", () =>
    Effect.gen(function*() {
      const { known, work } = yield* harness()
      yield* work("Remote")
      const error = yield* check(known, "Nope", {})
      assert.deepInclude(error, { tag: "UnknownJob", field: "name" })
      for (const name of ["Nope", "SendWelcome", "Echo", "Remote"]) assert.include(error?.message, name)
    }))

  it.effect("takes any payload for a name that a live worker runs", () =>
    Effect.gen(function*() {
      const { known, work } = yield* harness()
      yield* work("Remote")
      assert.isNull(yield* check(known, "Remote", { anything: [1] }))
    }))

  it.effect("asks for the workers' names at most every three seconds", () =>
    Effect.gen(function*() {
      const { known, seen, work } = yield* harness()
      yield* Effect.all(Array.from({ length: 10 }, () => check(known, "Late", {})), { concurrency: "unbounded" })
      assert.strictEqual(seen.overviews, 1)
      yield* work("Late")
      assert.isNotNull(yield* check(known, "Late", {}))
      yield* TestClock.adjust("3 seconds")
      assert.isNull(yield* check(known, "Late", {}))
      assert.strictEqual(seen.overviews, 2)
    }))

  it.effect("asks again at once after a failure", () =>
    Effect.gen(function*() {
      const { known, seen, work } = yield* harness()
      yield* work("Remote")
      seen.isAway = true
      assert.strictEqual((yield* Effect.flip(known.check({ name: "Remote", payload: 1 })))._tag, "StorageError")
      assert.isNull(yield* check(known, "SendWelcome", { userId: "u" }))
      seen.isAway = false
      assert.isNull(yield* check(known, "Remote", 1))
    }))

  it.effect("describes every kind, by name", () =>
    Effect.gen(function*() {
      const { known, work } = yield* harness()
      yield* work("Remote")
      yield* work("SendWelcome")
      const types = yield* known.all
      assert.deepStrictEqual(types.map((type) => [type.name, type.source]), [
        ["Echo", "module"],
        ["Remote", "worker"],
        ["SendWelcome", "built-in"]
      ])
      assert.deepStrictEqual(types[1], {
        name: "Remote",
        source: "worker",
        version: null,
        queue: null,
        payload: null,
        retry: null,
        timeoutMillis: null
      })
      assert.deepInclude(types[2], { version: 1, queue: "mail", timeoutMillis: 900_000 })
      assert.deepInclude(types[2]?.retry as object, { _tag: "Exponential" })
    }))

  it.effect("describes the payload as JSON Schema, which refuses what the check refuses", () =>
    Effect.gen(function*() {
      const { known } = yield* harness()
      const type = (yield* known.all).find((each) => each.name === "SendWelcome")
      assert.deepInclude(type?.payload, {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        type: "object",
        required: ["userId"],
        additionalProperties: false
      })
    }))

  it.effect("keeps the definitions that a schema refers to", () =>
    Effect.gen(function*() {
      interface Tree {
        readonly children: ReadonlyArray<Tree>
      }
      const Tree = Schema.Struct({
        children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
      }).annotate({ identifier: "Tree" })
      const Grow = Job.make("Grow", { payload: Tree })
      const { known } = yield* harness({ sources: { builtIn: [Grow], module: [] } })
      const [type] = yield* known.all
      assert.nestedProperty(type, "payload.$defs.Tree")
    }))

  it.effect("prefers the module's definition to a built-in one of the same name", () =>
    Effect.gen(function*() {
      const own = Job.make("SendWelcome", { payload: { email: Schema.String } })
      const { known } = yield* harness({ sources: { builtIn: [SendWelcome], module: [own] } })
      assert.isNull(yield* check(known, "SendWelcome", { email: "a@b.example" }))
      assert.strictEqual((yield* known.all)[0]?.source, "module")
    }))
})
