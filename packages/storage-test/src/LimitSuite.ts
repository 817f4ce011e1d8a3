/**
 * Limits: what each kind admits, what holds them, and that nothing is left of them in the end.
 *
 * @since 0.1.0
 */
import { assert, describe } from "@effect/vitest"
import type { Claim, ControlCommand, Limit } from "@millrace/storage"
import { Storage } from "@millrace/storage"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Fixture from "./Fixture.ts"
import * as Steps from "./Steps.ts"
import type { Declare } from "./SuiteTest.ts"

const under = (name: string, key = "", weight = 1) => ({ limits: [{ name, key, weight }] })

const many = (count: number, fields: object) => Array.from({ length: count }, (_, n) => ({ payload: n, ...fields }))

const command = (value: ControlCommand.ControlCommand) => Storage.Storage.use((storage) => storage.control(value))

const rules: ReadonlyArray<Limit.LimitRule> = [
  { name: "slots", kind: "concurrency", max: 2, perMillis: null, burst: null },
  { name: "mail", kind: "rate", max: 10, perMillis: 1000, burst: 3 },
  { name: "hourly", kind: "window", max: 3, perMillis: 3_600_000, burst: null },
  { name: "line", kind: "order", max: 1, perMillis: null, burst: null }
]

/** Declares the rules, and registers a worker. */
const begin = Effect.andThen(command({ _tag: "DeclareLimits", release: "1.0.0", rules }), Steps.register())

const payloads = (claims: ReadonlyArray<Claim.Claim>) => claims.map((claim) => claim.payload)

const complete = (claim: Claim.Claim) => Steps.settle(claim, Fixture.outcomes.completed())

/** The jobs that hold a limit, over all keys. */
const held = (name: string) =>
  Effect.map(
    Storage.Storage.use((storage) => storage.inspect.limits),
    (limits) => limits.find(({ rule }) => rule.name === name)?.uses.reduce((sum, use) => sum + use.held, 0) ?? 0
  )

/**
 * Declares the tests.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = (test: Declare): void => {
  describe("limits", () => {
    describe("concurrency", () => concurrency(test))
    describe("rate and window", () => permits(test))
    describe("order", () => order(test))
    describe("settings", () => settings(test))
    describe("declarations", () => declarations(test))
  })
}

const concurrency = (test: Declare): void => {
  test("lends as many jobs of a key as it has slots, and the next when one ends", () =>
    Effect.gen(function*() {
      yield* begin
      yield* Steps.insert(...many(5, under("slots", "a")), ...many(1, under("slots", "b")))
      const claims = yield* Steps.claim()
      assert.deepStrictEqual(
        claims.filter(({ limits }) => limits[0]?.key === "a").map(({ payload }) => payload),
        [0, 1]
      )
      assert.lengthOf(claims, 3)
      assert.deepStrictEqual(yield* Steps.claim(), [])
      yield* complete(Steps.present(claims.find(({ limits }) => limits[0]?.key === "a"), "a claim of a"))
      assert.deepStrictEqual(payloads(yield* Steps.claim()), [2])
    }))

  const ends = {
    completed: Fixture.outcomes.completed(),
    retried: Fixture.outcomes.retried(5000),
    "retried at once": Fixture.outcomes.retried(),
    snoozed: Fixture.outcomes.snoozed(5000),
    released: Fixture.outcomes.released(),
    cancelled: Fixture.outcomes.cancelled(),
    dead: Fixture.outcomes.dead(),
    quarantined: Fixture.outcomes.quarantined()
  }
  for (const [name, outcome] of Object.entries(ends)) {
    test(`has its slot again when a job is ${name}`, () =>
      Effect.gen(function*() {
        yield* begin
        yield* Steps.insertOne(under("slots"))
        const claim = yield* Steps.claimOne()
        assert.strictEqual(yield* held("slots"), 1)
        yield* Steps.settle(claim, outcome)
        assert.strictEqual(yield* held("slots"), 0)
      }))
  }

  test("F61: counts the slots of a lost worker until it is reclaimed, and of one that leaves no longer", () =>
    Effect.gen(function*() {
      yield* begin
      yield* Steps.register("w2", { leaseMillis: 600_000 })
      yield* Steps.insert(...many(4, under("slots")))
      assert.lengthOf(yield* Steps.claim(), 2)
      yield* TestClock.adjust(Fixture.leaseMillis)
      assert.deepStrictEqual(yield* Steps.claim({ workerId: "w2" }), [], "expired, but not reclaimed")
      yield* Steps.reclaim()
      assert.strictEqual(yield* held("slots"), 0)
      assert.lengthOf(yield* Steps.claim({ workerId: "w2" }), 2)
      yield* Steps.leave("w2")
      assert.strictEqual(yield* held("slots"), 0)
    }))

  test("counts a suspect that runs alone, and keeps it waiting while there is no room", () =>
    Effect.gen(function*() {
      yield* begin
      yield* Steps.insert(...many(1, under("slots")))
      yield* Steps.claim()
      yield* Steps.crashWorkers
      yield* Steps.register("w2", { leaseMillis: 600_000 })
      yield* Steps.insert(...many(2, under("slots")))
      const claims = yield* Steps.claim({ workerId: "w2" })
      assert.lengthOf(claims, 2)
      assert.deepStrictEqual(yield* Steps.claim({ workerId: "w2", suspects: true }), [])
      for (const claim of claims) yield* Steps.settle(claim, Fixture.outcomes.completed(), { workerId: "w2" })
      assert.lengthOf(yield* Steps.claim({ workerId: "w2", suspects: true }), 1)
      assert.strictEqual(yield* held("slots"), 1)
    }))

  test("keeps nobody behind a closed gate waiting", () =>
    Effect.gen(function*() {
      yield* begin
      yield* Steps.insert(
        ...many(10, { ...under("slots", "busy"), priority: 10 }),
        ...many(1, { ...under("slots", "free"), priority: 10, payload: "free" }),
        ...many(1, { payload: "plain" }),
        ...many(1, { ...under("slots", "late"), priority: 90, payload: "late" })
      )
      const claims = yield* Steps.claim()
      assert.sameMembers(payloads(claims), [0, 1, "free", "plain", "late"])
    }))

  test("needs room in all limits of a job, and takes none of any when one is closed", () =>
    Effect.gen(function*() {
      yield* begin
      const both = { limits: [{ name: "slots", key: "", weight: 1 }, { name: "mail", key: "", weight: 3 }] }
      yield* Steps.insert(...many(3, both))
      assert.lengthOf(yield* Steps.claim(), 1)
      assert.strictEqual(yield* held("slots"), 1)
      yield* Steps.insert(under("slots"))
      assert.lengthOf(yield* Steps.claim(), 1)
    }))

  test("lends nothing under a rule that nobody declared", () =>
    Effect.gen(function*() {
      yield* begin
      yield* Steps.insertOne(under("unheard of"))
      assert.deepStrictEqual(yield* Steps.claim(), [])
      const rule = { name: "unheard of", kind: "concurrency", max: 1, perMillis: null, burst: null } as const
      yield* command({ _tag: "DeclareLimits", release: "1.0.0", rules: [rule] })
      assert.lengthOf(yield* Steps.claim(), 1)
    }))
}

const permits = (test: Declare): void => {
  test("starts a burst at once, and then as many as were refilled", () =>
    Effect.gen(function*() {
      yield* begin
      yield* Steps.insert(...many(50, under("mail")))
      assert.lengthOf(yield* Steps.claim(), 3)
      assert.deepStrictEqual(yield* Steps.claim(), [])
      yield* TestClock.adjust(99)
      assert.deepStrictEqual(yield* Steps.claim(), [])
      yield* TestClock.adjust(1)
      assert.lengthOf(yield* Steps.claim(), 1)
      yield* TestClock.adjust(200)
      assert.lengthOf(yield* Steps.claim(), 2)
      yield* TestClock.adjust(10_000)
      assert.lengthOf(yield* Steps.claim(), 3)
    }))

  test("takes as many permits as a job weighs, and lets one that weighs more than all run alone", () =>
    Effect.gen(function*() {
      yield* begin
      yield* Steps.insert(
        { ...under("mail", "", 2), payload: "two" },
        { ...under("mail", "", 2), payload: "two more" },
        { ...under("mail", "", 9), payload: "nine" },
        { ...under("mail"), payload: "one" }
      )
      assert.deepStrictEqual(payloads(yield* Steps.claim()), ["two"])
      yield* TestClock.adjust(100)
      assert.deepStrictEqual(payloads(yield* Steps.claim()), ["two more"])
      yield* TestClock.adjust(300)
      assert.deepStrictEqual(payloads(yield* Steps.claim()), ["nine"])
      yield* TestClock.adjust(600)
      assert.deepStrictEqual(yield* Steps.claim(), [], "six permits are owed")
      yield* TestClock.adjust(100)
      assert.deepStrictEqual(payloads(yield* Steps.claim()), ["one"])
    }))

  test("fills a window once, and anew when the next begins", () =>
    Effect.gen(function*() {
      yield* begin
      yield* Steps.insert(...many(7, under("hourly")))
      yield* TestClock.adjust(3_000_000)
      yield* Steps.register()
      assert.lengthOf(yield* Steps.claim(), 3)
      yield* TestClock.adjust(599_999)
      yield* Steps.register()
      assert.deepStrictEqual(yield* Steps.claim(), [])
      yield* TestClock.adjust(1)
      assert.lengthOf(yield* Steps.claim(), 3)
    }))
}

const order = (test: Declare): void => {
  test("lends the jobs of a key one by one, the oldest first, through retries and snoozes", () =>
    Effect.gen(function*() {
      yield* begin
      yield* Steps.insert(
        ...many(2, under("line", "a")),
        { ...under("line", "a"), priority: 0, payload: "urgent" },
        { ...under("line", "b"), payload: "other" }
      )
      const first = yield* Steps.claim()
      assert.sameMembers(payloads(first), [0, "other"])
      yield* Steps.settle(
        Steps.present(first.find(({ payload }) => payload === 0), "a claim"),
        Fixture.outcomes.retried(1000)
      )
      assert.deepStrictEqual(yield* Steps.claim(), [])
      yield* TestClock.adjust(1000)
      yield* Steps.promote()
      const again = yield* Steps.claimOne()
      assert.strictEqual(again.payload, 0)
      yield* Steps.settle(again, Fixture.outcomes.snoozed())
      yield* complete(yield* Steps.claimOne())
      const second = yield* Steps.claim()
      assert.deepStrictEqual(payloads(second), [1])
      yield* Steps.settle(Steps.present(second[0], "a claim"), Fixture.outcomes.dead())
      assert.deepStrictEqual(payloads(yield* Steps.claim()), ["urgent"])
    }))

  test("F63: keeps the place of a job that died with its worker, and gives it away when the job is cancelled", () =>
    Effect.gen(function*() {
      yield* begin
      const [first] = yield* Steps.insert(...many(2, under("line")))
      yield* Steps.claim()
      yield* Steps.crashWorkers
      yield* Steps.register("w2")
      assert.deepStrictEqual(yield* Steps.claim({ workerId: "w2" }), [])
      yield* Steps.transition([Steps.present(first, "an id")], "Cancel")
      assert.deepStrictEqual(payloads(yield* Steps.claim({ workerId: "w2" })), [1])
    }))
}

const settings = (test: Declare): void => {
  test("keeps what is paused waiting, of one key or of all, until the end of the pause", () =>
    Effect.gen(function*() {
      yield* begin
      yield* Steps.insert({ ...under("slots", "a"), payload: "a" }, { ...under("slots", "b"), payload: "b" })
      yield* command({ _tag: "PauseLimit", limit: "slots", key: "a", durationMillis: 1000 })
      assert.deepStrictEqual(payloads(yield* Steps.claim()), ["b"])
      yield* command({ _tag: "PauseLimit", limit: "slots", key: null, durationMillis: null })
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(yield* Steps.claim(), [])
      yield* command({ _tag: "ResumeLimit", limit: "slots", key: null })
      assert.deepStrictEqual(payloads(yield* Steps.claim()), ["a"])
    }))

  test("pauses a key for a snoozed job, and never shortens a pause", () =>
    Effect.gen(function*() {
      yield* begin
      yield* Steps.insert(...many(2, under("slots", "a")))
      const claims = yield* Steps.claim()
      const pause = { limit: "slots", key: "a" }
      const snooze = (delayMillis: number) => ({ _tag: "Snoozed", delayMillis, pause }) as const
      yield* Steps.settle(Steps.present(claims[0], "a claim"), snooze(5000))
      yield* Steps.settle(Steps.present(claims[1], "a claim"), snooze(1000))
      yield* TestClock.adjust(4999)
      yield* Steps.promote()
      assert.deepStrictEqual(yield* Steps.claim(), [])
      yield* TestClock.adjust(1)
      yield* Steps.promote()
      const again = yield* Steps.claim()
      assert.deepStrictEqual(again.map(({ attempt }) => attempt), [1, 1])
    }))

  test("counts an override of a key, else of all keys, until it ends", () =>
    Effect.gen(function*() {
      yield* begin
      yield* Steps.insert(...["a", "b"].flatMap((key) => many(6, under("slots", key))))
      yield* command({ _tag: "OverrideLimit", limit: "slots", key: null, max: 1, durationMillis: null })
      yield* command({ _tag: "OverrideLimit", limit: "slots", key: "a", max: 4, durationMillis: 1000 })
      assert.lengthOf(yield* Steps.claim(), 5)
      yield* TestClock.adjust(1000)
      yield* command({ _tag: "ClearOverride", limit: "slots", key: null })
      assert.lengthOf(yield* Steps.claim(), 1, "b has its second slot, a is above the rule")
    }))

  test("keeps jobs of a paused tenant or name waiting", () =>
    Effect.gen(function*() {
      yield* begin
      yield* Steps.insert({ tenant: "a" }, { tenant: "b", ...under("slots") }, { name: "Other" }, { payload: "free" })
      yield* command({ _tag: "PauseTenant", tenant: "a" })
      yield* command({ _tag: "PauseTenant", tenant: "b" })
      yield* command({ _tag: "PauseName", name: "Other" })
      const names = ["SendMail", "Other"]
      assert.deepStrictEqual(payloads(yield* Steps.claim({ names })), ["free"])
      yield* command({ _tag: "ResumeTenant", tenant: "a" })
      yield* command({ _tag: "ResumeTenant", tenant: "b" })
      assert.lengthOf(yield* Steps.claim({ names }), 2)
      yield* command({ _tag: "ResumeName", name: "Other" })
      assert.lengthOf(yield* Steps.claim({ names }), 1)
    }))
}

const declarations = (test: Declare): void => {
  const slots = (max: number) => [{ name: "slots", kind: "concurrency", max, perMillis: null, burst: null } as const]
  const record = Effect.map(
    Storage.Storage.use((storage) => storage.inspect.limits),
    ([limit]) => Steps.present(limit, "the limit")
  )

  test("follows the newest release, whoever speaks last, and records each change", () =>
    Effect.gen(function*() {
      yield* command({ _tag: "DeclareLimits", release: "1.0.0", rules: slots(1) })
      yield* TestClock.adjust(1000)
      yield* command({ _tag: "DeclareLimits", release: "2.0.0", rules: slots(2) })
      yield* TestClock.adjust(1000)
      yield* command({ _tag: "DeclareLimits", release: "1.0.0", rules: slots(1) })
      yield* command({ _tag: "DeclareLimits", release: "2.0.0", rules: slots(2) })
      const { changes, release, rule } = yield* record
      assert.deepInclude({ ...rule, release }, { max: 2, release: "2.0.0" })
      assert.deepStrictEqual(
        changes.map(({ after, before, fromRelease, toRelease }) => [fromRelease, toRelease, before?.max, after.max]),
        [["1.0.0", "2.0.0", 1, 2], [null, "1.0.0", undefined, 1]]
      )
    }))

  test("gives a rule to the newest release that agrees with it", () =>
    Effect.gen(function*() {
      yield* command({ _tag: "DeclareLimits", release: "1.0.0", rules: slots(1) })
      yield* TestClock.adjust(1000)
      yield* command({ _tag: "DeclareLimits", release: "2.0.0", rules: slots(1) })
      yield* command({ _tag: "DeclareLimits", release: "1.0.0", rules: slots(5) })
      const { changes, release, rule } = yield* record
      assert.deepStrictEqual([release, rule.max, changes.length], ["2.0.0", 1, 1])
    }))

  test("refuses rules that make no sense", () =>
    Effect.gen(function*() {
      const [rule] = slots(1)
      const bad: ReadonlyArray<Partial<Limit.LimitRule>> = [
        { max: -1 },
        { max: Number.NaN },
        { perMillis: 1000 },
        { kind: "rate" },
        { kind: "window", perMillis: 0 },
        { kind: "order", max: 2 },
        { burst: 1 },
        { name: "" }
      ]
      for (const fields of bad) {
        const error = yield* Effect.flip(
          command({ _tag: "DeclareLimits", release: "1", rules: [{ ...Steps.present(rule, "a rule"), ...fields }] })
        )
        assert.strictEqual(error.reason._tag, "Invalid")
      }
    }))
}
