import { assert, describe, it } from "@effect/vitest"
import { Clock, Data, Duration, Effect, Fiber, Pull, Random, Schedule, Schema } from "effect"
import { TestClock } from "effect/testing"
import { maxDelayMillis } from "../src/Backoff.ts"
import * as RetryPolicy from "../src/RetryPolicy.ts"
import * as ScheduleConversion from "../src/ScheduleConversion.ts"

/** Delays of a schedule whose runs take `runMillis` each, up to `count` of them. */
const delaysOf = Effect.fnUntraced(function*(
  schedule: Schedule.Schedule<unknown>,
  count: number,
  runMillis = 0,
  input?: unknown
) {
  const step = yield* Schedule.toStep(schedule)
  const delays: Array<number> = []
  let now = 1_000_000
  while (delays.length < count) {
    const next = yield* Pull.catchDone(step(now, input), () => Effect.undefined)
    if (next === undefined) break
    delays.push(Duration.toMillis(next[1]))
    now += Duration.toMillis(next[1]) + runMillis
  }
  return delays
})

/** The same by repeated decisions. */
const decisionsOf = (
  policy: RetryPolicy.RetryPolicy,
  count: number,
  runMillis: number,
  seed: string,
  errorTag?: string
) => {
  const delays: Array<number> = []
  let elapsedMillis = 0
  while (delays.length < count) {
    const decision = RetryPolicy.decide(policy, { failures: delays.length + 1, elapsedMillis, seed, errorTag })
    if (decision._tag === "GiveUp") break
    delays.push(decision.delayMillis)
    elapsedMillis += decision.delayMillis + runMillis
  }
  return delays
}

class Down extends Data.TaggedError("Down")<{}> {}
class Full extends Data.TaggedError("Full")<{}> {}

describe("toSchedule", () => {
  it.effect.prop(
    "recurs after the delays of decide, step by step, with any jitter",
    {
      policy: RetryPolicy.RetryPolicy,
      seed: Schema.String,
      runMillis: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1e6 }))
    },
    ({ policy, seed, runMillis }) =>
      Effect.gen(function*() {
        const delays = yield* delaysOf(RetryPolicy.toSchedule(policy, { seed }), 60, runMillis)
        assert.deepStrictEqual(delays, decisionsOf(policy, 60, runMillis, seed))
      })
  )

  it.effect("equals Effect's own schedules", () =>
    Effect.gen(function*() {
      const exponential = RetryPolicy.exponential({ base: "1 second", factor: 3, cap: "1 minute", maxAttempts: 9 })
      const own = Schedule.min([Schedule.exponential("1 second", 3), Schedule.spaced("1 minute")]).pipe(
        Schedule.upTo({ times: 8 })
      )
      assert.deepStrictEqual(yield* delaysOf(RetryPolicy.toSchedule(exponential), 20), yield* delaysOf(own, 20))
      const fixed = RetryPolicy.fixed("30 seconds", { maxAttempts: 4 })
      const spaced = Schedule.spaced("30 seconds").pipe(Schedule.upTo({ times: 3 }))
      assert.deepStrictEqual(yield* delaysOf(RetryPolicy.toSchedule(fixed), 20), yield* delaysOf(spaced, 20))
    }))

  it.effect("takes the rule from the tag of the error", () =>
    Effect.gen(function*() {
      const policy = RetryPolicy.fixed("1 second", { maxAttempts: 3 }).pipe(
        RetryPolicy.byTag({ Down: RetryPolicy.fixed("30 seconds"), Full: RetryPolicy.never })
      )
      const schedule = RetryPolicy.toSchedule(policy)
      assert.deepStrictEqual(yield* delaysOf(schedule, 9, 0, new Down()), [30_000, 30_000])
      assert.deepStrictEqual(yield* delaysOf(schedule, 9, 0, new Full()), [])
      assert.deepStrictEqual(yield* delaysOf(schedule, 9, 0, "text"), [1000, 1000])
      const told = RetryPolicy.toSchedule(policy, { errorTag: "Full" })
      assert.deepStrictEqual(yield* delaysOf(told, 9, 0, new Down()), [])
    }))

  it.effect("drives Effect.retry at the previewed instants and ends with the error", () =>
    Effect.gen(function*() {
      const policy = RetryPolicy.exponential({ base: "1 second", maxAttempts: 4 })
      const instants: Array<number> = []
      const attempt = Effect.flatMap(Clock.currentTimeMillis, (now) => {
        instants.push(now)
        return Effect.fail(new Down())
      })
      const fiber = yield* Effect.forkChild(Effect.flip(Effect.retry(attempt, RetryPolicy.toSchedule(policy))))
      yield* TestClock.adjust("1 hour")
      assert.instanceOf(yield* Fiber.join(fiber), Down)
      assert.deepStrictEqual(instants, [0, ...RetryPolicy.preview(policy).map((a) => a.elapsedMillis)])
    }))

  it.effect("takes a fresh seed per run, from Effect's Random", () =>
    Effect.gen(function*() {
      const schedule = RetryPolicy.toSchedule(RetryPolicy.fixed("1 hour", { jitter: "full", maxAttempts: 9 }))
      const run = (seed: string) => Random.withSeed(delaysOf(schedule, 8), seed)
      assert.notDeepEqual(yield* run("one"), yield* run("two"))
      assert.deepStrictEqual(yield* run("one"), yield* run("one"))
    }))
})

describe("fromSchedule", () => {
  it("makes a table of the schedule's delays", () => {
    const schedule = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("5 seconds")])
    const policy = RetryPolicy.fromSchedule(schedule, { maxAttempts: 6 })
    assert.deepStrictEqual(policy, RetryPolicy.table([1000, 2000, 4000, 5000, 5000]))
  })

  it("ends where the schedule ends", () => {
    const policy = RetryPolicy.fromSchedule(Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 2 })), {
      maxAttempts: 10
    })
    assert.strictEqual(policy.maxAttempts, 3)
    const brief = RetryPolicy.fromSchedule(Schedule.spaced("1 minute").pipe(Schedule.upTo({ duration: "5 minutes" })), {
      maxAttempts: 100
    })
    assert.strictEqual(brief.maxAttempts, 7)
  })

  it("is never for a schedule that does not recur", () => {
    assert.deepStrictEqual(RetryPolicy.fromSchedule(Schedule.recurs(0), { maxAttempts: 5 }), RetryPolicy.never)
  })

  it("keeps a delay for a single attempt, which a job may raise", () => {
    const policy = RetryPolicy.fromSchedule(Schedule.spaced("1 second"), { maxAttempts: 1 })
    assert.strictEqual(RetryPolicy.decide(policy, { failures: 1, elapsedMillis: 0, seed: "" })._tag, "GiveUp")
    const raised = RetryPolicy.decide(policy, { failures: 2, elapsedMillis: 0, seed: "", maxAttempts: 3 })
    assert.deepStrictEqual(raised, { _tag: "Retry", delayMillis: 1000 })
  })

  it("bounds delays that overflow and rounds fractions up", () => {
    const steep = ScheduleConversion.delaysOfSchedule(Schedule.exponential("1 second", 1e9), 60)
    assert.strictEqual(steep.delaysMillis.at(-1), maxDelayMillis)
    const fine = ScheduleConversion.delaysOfSchedule(Schedule.spaced("1500 micros"), 1)
    assert.deepStrictEqual(fine.delaysMillis, [2])
  })

  it("freezes the jitter of a schedule to the same delays in every process", () => {
    const make = () => RetryPolicy.fromSchedule(Schedule.jittered(Schedule.spaced("1 minute")), { maxAttempts: 1001 })
    assert.deepStrictEqual(make(), make())
    const policy = make()
    assert.isTrue(policy._tag === "Table" && new Set(policy.delaysMillis).size > 900)
  })

  it("takes options beside the delays", () => {
    const policy = RetryPolicy.fromSchedule(Schedule.spaced("1 minute"), {
      maxAttempts: 2,
      jitter: "equal",
      cap: "50 seconds",
      maxElapsed: "1 hour"
    })
    const options = { jitter: "equal", cap: "50 seconds", maxElapsed: "1 hour" } as const
    assert.deepStrictEqual(policy, RetryPolicy.table(["1 minute"], options))
  })

  it("refuses a schedule that cannot be stepped at once, and too many attempts", () => {
    const waiting = Schedule.spaced("1 second").pipe(Schedule.tap(() => Effect.sleep("1 second")))
    assert.throws(() => RetryPolicy.fromSchedule(waiting, { maxAttempts: 3 }), /field "schedule"/)
    const dying = Schedule.spaced("1 second").pipe(Schedule.tap(() => Effect.die("broken")))
    assert.throws(() => RetryPolicy.fromSchedule(dying, { maxAttempts: 3 }), /field "schedule" is .*broken/s)
    const spaced = Schedule.spaced("1 second")
    assert.throws(() => RetryPolicy.fromSchedule(spaced, { maxAttempts: 1002 }), /field "maxAttempts" is 1002/)
    assert.throws(() => RetryPolicy.fromSchedule(spaced, { maxAttempts: 0 }), /field "maxAttempts" is 0/)
  })

  it.effect.prop(
    "gives back a policy that went through toSchedule, decision for decision",
    { policy: RetryPolicy.RetryPolicy, seed: Schema.String },
    ({ policy, seed }) =>
      Effect.sync(() => {
        const schedule = RetryPolicy.toSchedule(policy, { seed })
        const back = RetryPolicy.fromSchedule(schedule, { maxAttempts: 40 })
        assert.deepStrictEqual(decisionsOf(back, 39, 0, "other"), decisionsOf(policy, 39, 0, seed))
      })
  )
})
