import { assert, describe, it } from "@effect/vitest"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import type { JobId } from "@millrace/storage/JobId"
import { Storage } from "@millrace/storage/Storage"
import { Effect, Exit, Fiber, Layer, Option, Redacted, Ref, Result, Schema } from "effect"
import type * as CurrentJob from "../../src/CurrentJob.ts"
import * as Job from "../../src/Job.ts"
import * as PayloadCodec from "../../src/PayloadCodec.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestStorage from "../TestStorage.ts"
import * as TestWorker from "../TestWorker.ts"

const keyOf = (id: string, byte: number): PayloadCodec.Key => ({
  id,
  secret: Redacted.make(Buffer.alloc(32, byte).toString("base64"))
})

const old = PayloadCodec.aes256gcm({ keys: [keyOf("old", 1)] })
const rotated = PayloadCodec.aes256gcm({ keys: [keyOf("new", 2), keyOf("old", 1)] })
const onlyNew = PayloadCodec.aes256gcm({ keys: [keyOf("new", 2)] })

/** What must not be seen. */
const secret = "tulip"

class Declined extends Schema.TaggedError<Declined>()("Declined", { card: Schema.String }) {
  override get message(): string {
    return `declined: ${this.card}`
  }
}

const Pay = Job.make("Pay", {
  payload: { card: Schema.String },
  success: Schema.Struct({ receipt: Schema.String }),
  error: Declined,
  retry: RetryPolicy.never
})

/** Says the secret in every way that a handler has. */
const pay = Pay.toLayer(({ card }, job) =>
  Effect.gen(function*() {
    yield* job.progress(0.5, `paying ${card}`)
    yield* job.log(`charging ${card}`)
    if (Option.isNone(yield* job.checkpointed)) {
      yield* job.checkpoint({ card })
      return yield* Job.snooze("1 second")
    }
    const { card: remembered } = Option.getOrThrow(yield* job.checkpointed) as { readonly card: string }
    if (card.startsWith("bad")) return yield* new Declined({ card })
    return { receipt: `receipt of ${remembered}` }
  })
)

const on = <A, E, R>(codec: PayloadCodec.Codec | null, effect: Effect.Effect<A, E, R | Queue.Queue>) =>
  Effect.provide(effect, Layer.fresh(Queue.layer).pipe(Layer.provide(PayloadCodec.layer(codec))))

const start = <R>(codec: PayloadCodec.Codec | null, handlers: Parameters<typeof TestWorker.start<R>>[0]) =>
  Effect.provideService(TestWorker.start(handlers), PayloadCodec.PayloadCodec, codec)

const read = (id: JobId) => Queue.Queue.use((queue) => queue.get(id))

/** A job as it is stored. */
const stored = (id: JobId) =>
  Storage.use((storage) => Effect.map(storage.list({ ids: [id] }), ({ items: [job] }) => job))

const keyIdOf = (json: unknown) => (json as { readonly k?: string }).k

describe("encodedStorage", () => {
  it.effect("lets nothing of a job's data reach the storage, and everything reach those with the key", () =>
    Effect.gen(function*() {
      const { calls, inner } = yield* TestStorage.TestStorage
      yield* start(rotated, pay)
      const good = yield* on(rotated, Pay.enqueue({ card: secret }))
      const bad = yield* on(rotated, Pay.enqueue({ card: `bad ${secret}` }))
      yield* TestWorker.pass(3_000)
      assert.notInclude(JSON.stringify(calls), secret)
      assert.isAbove(calls.filter(({ method }) => method === "report").length, 0)
      for (const { id } of [good, bad]) {
        const told = [yield* stored(id), yield* inner.inspect.history(id), yield* inner.inspect.logs(id)]
        assert.notInclude(JSON.stringify([told, yield* inner.inspect.explain(id)]), secret)
      }

      const completed = yield* on(rotated, read(good.id))
      assert.deepInclude(completed, { state: "completed", payload: { card: secret } })
      assert.deepStrictEqual(completed.result, { receipt: `receipt of ${secret}` })
      assert.deepStrictEqual(completed.progress, { value: 0.5, note: `paying ${secret}` })
      const logs = yield* on(rotated, Queue.Queue.use((queue) => queue.logs(good.id)))
      assert.deepStrictEqual(logs.map(({ message }) => message), [`charging ${secret}`, `charging ${secret}`])

      const dead = yield* on(rotated, read(bad.id))
      assert.deepInclude(dead.error, { tag: "Declined", message: `declined: bad ${secret}` })
      assert.deepStrictEqual(dead.error?.data, { _tag: "Declined", card: `bad ${secret}` })
      assert.strictEqual((yield* stored(bad.id))?.error?.tag, "Declined")
      const history = yield* on(rotated, Queue.Queue.use((queue) => queue.history(bad.id)))
      assert.strictEqual(history.at(-1)?.error?.message, `declined: bad ${secret}`)
      const { items } = yield* on(rotated, Queue.Queue.use((queue) => queue.list({ ids: [good.id, bad.id] })))
      assert.deepStrictEqual(items.map(({ payload }) => payload), [{ card: `bad ${secret}` }, { card: secret }])
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("gives typed results and errors to those who wait for them", () =>
    Effect.gen(function*() {
      const quick = Pay.toLayer(({ card }) =>
        card === "bad" ? Effect.fail(new Declined({ card })) : Effect.succeed({ receipt: card })
      )
      yield* start(rotated, quick)
      const waiting = yield* Effect.forkChild(on(
        rotated,
        Effect.all([Pay.execute({ card: "a" }), Effect.flip(Pay.execute({ card: "bad" }))], { concurrency: 2 })
      ))
      yield* TestWorker.pass(3_000)
      const [result, error] = yield* Fiber.join(waiting)
      assert.deepStrictEqual(result, { receipt: "a" })
      assert.deepStrictEqual(error, new Declined({ card: "bad" }))
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("runs jobs of the old key after a rotation, and jobs from before any", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<string>>([])
      const plain = yield* on(null, Pay.enqueue({ card: "plain" }))
      const first = yield* on(old, Pay.enqueue({ card: "first" }))
      const second = yield* on(rotated, Pay.enqueue({ card: "second" }))
      assert.deepStrictEqual((yield* stored(plain.id))?.payload, { card: "plain" })
      assert.strictEqual(keyIdOf((yield* stored(first.id))?.payload), "old")
      assert.strictEqual(keyIdOf((yield* stored(second.id))?.payload), "new")
      yield* start(
        rotated,
        Pay.toLayer(({ card }) => Effect.as(Ref.update(seen, (all) => [...all, card]), { receipt: card }))
      )
      yield* TestWorker.settle
      assert.deepStrictEqual(yield* Ref.get(seen), ["plain", "first", "second"])
      assert.strictEqual(keyIdOf((yield* stored(first.id))?.result), "new")
    }).pipe(Effect.provide(TestWorker.layer())))

  for (
    const [name, codec, why] of [
      ["without its key", onlyNew, "encrypted with the key \"old\", which is not among the keys here"],
      ["without any key", null, "encrypted, and there are no keys here"]
    ] as const
  ) {
    it.effect(`quarantines a job ${name}, spends no attempt, and runs it once it is released where the key is`, () =>
      Effect.gen(function*() {
        const { id } = yield* on(old, Pay.enqueue({ card: secret }))
        const without = yield* start(codec, Pay.toLayer(() => Effect.die("it ran")))
        yield* TestWorker.settle
        yield* without.stop
        const quarantined = yield* on(codec, read(id))
        assert.deepInclude(quarantined, { state: "quarantined", failures: 0, crashes: 0 })
        assert.strictEqual(quarantined.error?.tag, "Undecodable")
        assert.include(quarantined.error?.message, why)

        yield* start(rotated, Pay.toLayer(({ card }) => Effect.succeed({ receipt: card })))
        yield* on(rotated, Queue.Queue.use((queue) => queue.retry(id)))
        yield* TestWorker.pass(2_000)
        assert.deepInclude(yield* on(rotated, read(id)), { state: "completed", result: { receipt: secret } })
      }).pipe(Effect.provide(TestWorker.layer())))
  }

  it.effect("shows what it can not read as it is stored, and quarantines where a codec of one's own throws", () =>
    Effect.gen(function*() {
      const broken: PayloadCodec.Codec = {
        encode: (value) => value,
        decode: () => {
          throw new Error("broken")
        }
      }
      const { id } = yield* on(old, Pay.enqueue({ card: secret }))
      assert.strictEqual(keyIdOf((yield* on(onlyNew, read(id))).payload), "old")
      yield* start(broken, Pay.toLayer(() => Effect.die("it ran")))
      yield* TestWorker.settle
      const record = yield* on(broken, read(id))
      assert.strictEqual(record.state, "quarantined")
      assert.include(record.error?.message, "the payload codec threw")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("refuses a payload that was moved to another kind of job", () =>
    Effect.gen(function*() {
      const { inner } = yield* TestStorage.TestStorage
      const Refund = Job.make("Refund", { payload: { card: Schema.String } })
      const { id } = yield* on(old, Pay.enqueue({ card: secret }))
      const payload = (yield* stored(id))?.payload ?? null
      const refund = yield* on(null, Refund.enqueue({ card: "" }))
      const template = yield* stored(refund.id)
      assert(template !== undefined)
      const [moved] = yield* inner.insert([{
        ...template,
        payload,
        delayMillis: 0,
        runAt: null,
        ttlMillis: null,
        unique: null,
        debounce: null,
        limits: []
      }])
      assert(moved !== undefined)
      yield* start(old, Refund.toLayer(() => Effect.void))
      yield* TestWorker.settle
      assert.strictEqual((yield* stored(refund.id))?.state, "completed")
      const record = yield* on(old, read(moved.id))
      assert.strictEqual(record.state, "quarantined")
      assert.include(record.error?.message, "it does not decrypt with the key \"old\"")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("reduces debounced payloads", () =>
    Effect.gen(function*() {
      const Sum = Job.make("Sum", {
        payload: { cards: Schema.Array(Schema.String) },
        debounce: {
          wait: "1 minute",
          reduce: (waiting, next) => ({ cards: [...waiting.cards, ...next.cards] })
        }
      })
      const first = yield* on(old, Sum.enqueue({ cards: [secret] }))
      const second = yield* on(rotated, Sum.enqueue({ cards: ["rose"] }))
      assert.strictEqual(second.id, first.id)
      assert.strictEqual(keyIdOf((yield* stored(first.id))?.payload), "new")
      assert.deepStrictEqual((yield* on(rotated, read(first.id))).payload, { cards: [secret, "rose"] })
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("keeps the values of durable sleeps", () =>
    Effect.gen(function*() {
      const { calls } = yield* TestStorage.TestStorage
      const Nap = Job.make("Nap", { payload: {}, success: Schema.String })
      yield* start(
        rotated,
        Nap.toLayer(() => Job.sleep("nap", "1 second", { before: Effect.succeed(secret), value: Schema.String }))
      )
      const { id } = yield* on(rotated, Nap.enqueue({}))
      yield* TestWorker.pass(3_000)
      assert.strictEqual((yield* on(rotated, read(id))).result, secret)
      assert.notInclude(JSON.stringify(calls), secret)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("fails an attempt that can not read the checkpoint of an earlier one", () =>
    Effect.gen(function*() {
      const Nap = Job.make("Nap", { payload: {}, retry: RetryPolicy.never })
      const nap = Nap.toLayer((_, job) =>
        Effect.flatMap(job.checkpointed, (found) =>
          Option.isNone(found) ? Effect.andThen(job.checkpoint(secret), Job.snooze("1 second")) : Effect.void)
      )
      const first = yield* start(old, nap)
      const { id } = yield* on(null, Nap.enqueue({}))
      yield* TestWorker.settle
      yield* first.stop
      yield* start(onlyNew, nap)
      yield* TestWorker.pass(3_000)
      const record = yield* on(onlyNew, read(id))
      assert.strictEqual(record.state, "dead")
      assert.include(record.error?.message, "the stored one can not be decrypted here")
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("encrypts the result of a transactional completion", () =>
    Effect.gen(function*() {
      const { calls } = yield* TestStorage.TestStorage
      yield* start(
        rotated,
        Pay.toLayer(({ card }) => Effect.as(Job.transactional(Effect.succeed({ receipt: card })), { receipt: "" }))
      )
      const { id } = yield* on(rotated, Pay.enqueue({ card: secret }))
      yield* TestWorker.pass(1_000)
      assert.deepInclude(yield* on(rotated, read(id)), { state: "completed", result: { receipt: secret } })
      assert.notInclude(JSON.stringify(calls), secret)
    }).pipe(Effect.provide(TestWorker.layer({ transactions: true }))))

  it.effect("stores all as it is while keys only decrypt", () =>
    Effect.gen(function*() {
      const onlyDecrypts = PayloadCodec.aes256gcm({ keys: [keyOf("old", 1)], encrypts: false })
      yield* start(onlyDecrypts, pay)
      const { id } = yield* on(onlyDecrypts, Pay.enqueue({ card: "bad" }))
      yield* TestWorker.pass(3_000)
      // Who has no keys yet, or no more, reads it.
      const record = yield* on(null, read(id))
      assert.deepStrictEqual(record.error, {
        tag: "Declined",
        message: "declined: bad",
        data: { _tag: "Declined", card: "bad" }
      })
      assert.strictEqual(record.progress?.note, "paying bad")
      const logs = yield* on(null, Queue.Queue.use((queue) => queue.logs(id)))
      assert.deepStrictEqual(logs.map(({ message }) => message), ["charging bad", "charging bad"])
      assert.deepStrictEqual(yield* on(onlyDecrypts, read(id)), record)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("lets a codec that throws spoil no other job's end", () =>
    Effect.gen(function*() {
      const { calls } = yield* TestStorage.TestStorage
      const picky: PayloadCodec.Codec = {
        encode: (value, { purpose }) => {
          if (purpose !== "payload" && JSON.stringify(value).includes(secret)) throw new Error(`no ${secret}`)
          return value
        },
        decode: (value) => Result.succeed(value)
      }
      yield* start(
        picky,
        Pay.toLayer(({ card }, job) =>
          Effect.gen(function*() {
            yield* job.log(`charging ${card}`)
            if (card.startsWith("bad")) return yield* new Declined({ card })
            return { receipt: card }
          })
        )
      )
      const spoilt = yield* on(picky, Pay.enqueue({ card: secret }))
      const failed = yield* on(picky, Pay.enqueue({ card: `bad ${secret}` }))
      const other = yield* on(picky, Pay.enqueue({ card: "rose" }))
      yield* TestWorker.pass(3_000)
      assert.deepInclude(yield* stored(other.id), { state: "completed", result: { receipt: "rose" } })
      const { error, state } = (yield* stored(spoilt.id)) ?? {}
      assert.deepInclude({ state, tag: error?.tag }, { state: "dead", tag: "OutcomeRefused" })
      assert.include(error?.message, "the payload codec threw")
      assert.deepStrictEqual((yield* stored(failed.id))?.error, {
        tag: "Declined",
        message: "the payload codec threw: what the error says is lost"
      })
      const ends = calls.filter(({ method }) => method === "settle" || method === "report")
      assert.notInclude(JSON.stringify(ends), secret)
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("refuses a job whose payload the codec throws at, and stores those of other callers", () =>
    Effect.gen(function*() {
      const picky: PayloadCodec.Codec = {
        encode: (value) => {
          if (JSON.stringify(value).includes(secret)) throw new Error(`no ${secret}`)
          return value
        },
        decode: (value) => Result.succeed(value)
      }
      const ends = yield* on(
        picky,
        Effect.all([Effect.exit(Pay.enqueue({ card: "a" })), Effect.exit(Pay.enqueue({ card: secret }))], {
          concurrency: "unbounded"
        })
      )
      assert.deepStrictEqual(ends.map(Exit.isSuccess), [true, false])
      assert.include(String(ends[1]), "the payload codec threw")
      assert.notInclude(String(ends[1]), secret)
    }).pipe(Effect.provide(TestWorker.layer())))

  for (const [name, without] of [["without its key", onlyNew], ["without any key", null]] as const) {
    it.effect(`reduces no waiting payload ${name}, although its envelope fits the schema`, () =>
      Effect.gen(function*() {
        const Sum = Job.make("Sum", {
          payload: { cards: Schema.optionalKey(Schema.Array(Schema.String)) },
          debounce: {
            wait: "1 minute",
            reduce: (waiting, next) => ({ cards: [...waiting.cards ?? [], ...next.cards ?? []] })
          }
        })
        const { id } = yield* on(old, Sum.enqueue({ cards: [secret] }))
        const refused = yield* Effect.flip(on(without, Sum.enqueue({ cards: ["rose"] })))
        assert.strictEqual(refused._tag, "InvalidPayload")
        assert.include(refused.message, "can not be decrypted here")
        assert.deepStrictEqual((yield* on(old, read(id))).payload, { cards: [secret] })
      }).pipe(Effect.provide(TestWorker.layer())))
  }

  it.effect("goes on from no checkpoint that a codec of one's own can not decode", () =>
    Effect.gen(function*() {
      const turned = (isBroken: boolean): PayloadCodec.Codec => ({
        encode: (value, { purpose }) => purpose === "checkpoint" ? `turned ${JSON.stringify(value)}` : value,
        decode: (value, { purpose }) => {
          if (purpose !== "checkpoint" || typeof value !== "string") return Result.succeed(value)
          return isBroken ? Result.fail("no") : Result.succeed(JSON.parse(value.slice("turned ".length)))
        }
      })
      const Nap = Job.make("Nap", { payload: {}, success: Schema.Json, retry: RetryPolicy.never })
      const nap = Nap.toLayer((_, job) =>
        Effect.flatMap(
          job.checkpointed,
          Option.match({
            onNone: () => Effect.andThen(job.checkpoint({ step: 1 }), Job.snooze("1 second")),
            onSome: Effect.succeed
          })
        )
      )
      for (const isBroken of [false, true]) {
        const first = yield* start(turned(false), nap)
        const { id } = yield* on(null, Nap.enqueue({}))
        yield* TestWorker.settle
        yield* first.stop
        const second = yield* start(turned(isBroken), nap)
        yield* TestWorker.pass(3_000)
        yield* second.stop
        const record = yield* on(null, read(id))
        assert.strictEqual(record.state, isBroken ? "dead" : "completed")
        assert.deepStrictEqual(record.result, isBroken ? null : { step: 1 })
      }
    }).pipe(Effect.provide(TestWorker.layer())))

  it.effect("changes nothing without a codec", () =>
    Effect.gen(function*() {
      yield* start(null, Pay.toLayer((_, job: CurrentJob.Info) => Effect.as(job.log("line"), { receipt: "r" })))
      const { id } = yield* on(null, Pay.enqueue({ card: secret }))
      yield* TestWorker.settle
      const record = yield* stored(id)
      assert.deepInclude(record, { payload: { card: secret }, result: { receipt: "r" } })
    }).pipe(Effect.provide(TestWorker.layer())))
})
