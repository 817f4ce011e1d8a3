import { assert, describe, it } from "@effect/vitest"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import * as MemoryStorage from "@millrace/storage/MemoryStorage"
import type * as NewJob from "@millrace/storage/NewJob"
import { Storage } from "@millrace/storage/Storage"
import type { Schema } from "effect"
import { Context, DateTime, Effect, Layer, Option, Result, Tracer } from "effect"
import * as Policies from "../../src/internal/storedPolicy.ts"
import * as Trace from "../../src/internal/trace.ts"
import * as Job from "../../src/Job.ts"
import * as Queue from "../../src/Queue.ts"
import * as TestWorker from "../TestWorker.ts"

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736"
const spanId = "00f067aa0ba902b7"
const sampled = `00-${traceId}-${spanId}-01`

const external = Tracer.externalSpan({ traceId, spanId })

const contextOf = (parent: Tracer.AnySpan) => Context.make(Tracer.ParentSpan, parent)

const native = (parent: Option.Option<Tracer.AnySpan>) =>
  new Tracer.NativeSpan({
    name: "own",
    parent,
    annotations: Context.empty(),
    links: [],
    startTime: 0n,
    kind: "internal",
    sampled: true
  })

const tracer = Tracer.make({ span: (options) => new Tracer.NativeSpan(options) })

describe("trace", () => {
  it("is written as W3C has it", () => {
    assert.strictEqual(Trace.ofCaller(contextOf(external)), sampled)
    const unsampled = Tracer.externalSpan({ traceId, spanId, sampled: false })
    assert.strictEqual(Trace.ofCaller(contextOf(unsampled)), `00-${traceId}-${spanId}-00`)
    const short = Tracer.externalSpan({ traceId: traceId.slice(16), spanId })
    assert.strictEqual(Trace.ofCaller(contextOf(short)), `00-${"0".repeat(16)}${traceId.slice(16)}-${spanId}-01`)
  })

  it("is none where nobody could follow it", () => {
    assert.isNull(Trace.ofCaller(Context.empty()))
    assert.isNull(Trace.ofCaller(contextOf(native(Option.none()))))
    for (const [trace, span] of [["0".repeat(32), spanId], [traceId, "0".repeat(16)], ["not hex", spanId], ["", ""]]) {
      const odd = Tracer.externalSpan({ traceId: trace ?? "", spanId: span ?? "" })
      assert.isNull(Trace.ofCaller(contextOf(odd)), `${trace} ${span}`)
    }
    assert.isNull(Trace.ofCaller(Context.add(contextOf(external), Tracer.DisablePropagation, true)))
  })

  it("is that of the span with a tracer, and of the nearest caller outside without one", () => {
    const own = native(Option.some(native(Option.some(external))))
    assert.strictEqual(Trace.ofCaller(contextOf(own)), sampled)
    const traced = Context.add(contextOf(own), Tracer.Tracer, tracer)
    assert.strictEqual(Trace.ofCaller(traced), `00-${traceId}-${own.spanId}-01`)
  })

  it("comes back from what is stored, and leaves policy and deadline as they are", () => {
    const retry = RetryPolicy.fixed("1 second", { maxAttempts: 3 })
    const deadline = DateTime.makeUnsafe("2999-01-01T00:00:00Z")
    for (const options of [{}, { retry }, { deadline }, { retry, deadline }]) {
      const before = Result.getOrThrow(Policies.stored(options))
      for (const isOneOfMany of [true, false]) {
        const stored = Trace.add(before, sampled, isOneOfMany)
        assert.deepStrictEqual(Trace.originOf(stored), { span: external, isOneOfMany })
        assert.deepStrictEqual(Policies.policyOf(stored), Policies.policyOf(before))
        assert.strictEqual(Policies.deadlineOf(stored), Policies.deadlineOf(before))
      }
      assert.isNull(Trace.originOf(before))
    }
  })

  it("is none in what somebody else stored", () => {
    const odd: ReadonlyArray<Schema.Json> = [
      "text",
      [],
      { "millrace:trace": 1 },
      { "millrace:trace": "00-1-2-01" },
      { "millrace:trace": `01-${traceId}-${spanId}-01` }
    ]
    for (const stored of odd) assert.isNull(Trace.originOf(stored))
  })

  it.effect("marks all jobs of an enqueue of many, also the last one of a chunk of its own", () =>
    Effect.gen(function*() {
      const Many = Job.make("Many", { payload: {} })
      const results = yield* Effect.withParentSpan(
        Many.enqueueAll(Array.from({ length: 1001 }, () => ({ payload: {} }))),
        external
      )
      const storage = yield* Storage
      const { items } = yield* storage.list({
        ids: [results[0], results[1000]].map((result) => result?.id ?? "" as never)
      })
      assert.deepStrictEqual(items.map(({ retry }) => Trace.originOf(retry)), [
        { span: external, isOneOfMany: true },
        { span: external, isOneOfMany: true }
      ])
    }).pipe(Effect.provide(TestWorker.layer())))

  // PgStorage writes them in one go.
  it.effect("lets jobs that are stored together share it", () =>
    Effect.gen(function*() {
      const stored: Array<NewJob.NewJob> = []
      const memory = yield* Storage
      const insert: typeof memory.insert = (jobs) => {
        stored.push(...jobs)
        return memory.insert(jobs)
      }
      const Many = Job.make("Many", { payload: {} })
      yield* Many.enqueueAll([{ payload: {} }, { payload: {} }]).pipe(
        Effect.withParentSpan(external),
        Effect.provide(Queue.layer.pipe(Layer.provide(Layer.succeed(Storage, Storage.of({ ...memory, insert })))))
      )
      assert.isNotNull(Trace.originOf(stored[0]?.retry ?? null))
      assert.strictEqual(stored[0]?.retry, stored[1]?.retry)
    }).pipe(Effect.provide(MemoryStorage.layer)))
})
