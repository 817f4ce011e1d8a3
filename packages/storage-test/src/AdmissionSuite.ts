/**
 * Admission beside limits: keys, debounce, times to live, versions, weights, aging, quarantine, and the facts that explain.
 *
 * @since 0.1.0
 */
import { assert, describe } from "@effect/vitest"
import type { Claim, ControlCommand, Inspection, JobId, NewJob } from "@millrace/storage"
import { Storage } from "@millrace/storage"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Fixture from "./Fixture.ts"
import * as Steps from "./Steps.ts"
import type { Declare } from "./SuiteTest.ts"

const results = (...jobs: ReadonlyArray<Partial<NewJob.NewJob>>) =>
  Effect.map(
    Storage.Storage.use((storage) => storage.insert(jobs.map(Fixture.newJob))),
    (answers) => answers.map(({ _tag }) => _tag)
  )

const command = (value: ControlCommand.ControlCommand) => Storage.Storage.use((storage) => storage.control(value))

const explain = (id: JobId.JobId) =>
  Effect.map(
    Storage.Storage.use((storage) => storage.inspect.explain(id)),
    (facts): Inspection.ExplainFacts => Steps.present(facts, "the facts of a job")
  )

const countBy = (claims: ReadonlyArray<Claim.Claim>, key: (claim: Claim.Claim) => string) => {
  const counts: { [key: string]: number } = {}
  for (const claim of claims) counts[key(claim)] = (counts[key(claim)] ?? 0) + 1
  return counts
}

const many = (count: number, fields: object) => Array.from({ length: count }, () => fields)

/**
 * Declares the tests.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = (test: Declare): void => {
  describe("admission", () => {
    describe("keys", () => keys(test))
    describe("debounce", () => debounce(test))
    describe("time to live", () => timeToLive(test))
    describe("versions and quarantine", () => versions(test))
    describe("weights and aging", () => weights(test))
    describe("explain", () => explanations(test))
  })
}

const keys = (test: Declare): void => {
  test("holds a key until the start only, when asked to", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const unique = Fixture.unique("k", { holds: "started" })
      assert.deepStrictEqual(yield* results({ unique }, { unique }), ["Enqueued", "Duplicate"])
      const claim = yield* Steps.claimOne()
      assert.isNull(claim.uniqueKey)
      assert.deepStrictEqual(yield* results({ unique }, { unique }), ["Enqueued", "Duplicate"])
      yield* Steps.settle(claim, Fixture.outcomes.retried())
      assert.lengthOf(yield* Steps.claim(), 2)
    }))

  test("holds a key for a period, whatever becomes of the job", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const unique = Fixture.unique("k", { holds: "period", periodMillis: 1000 })
      const id = yield* Steps.insertOne({ unique })
      yield* Steps.settle(yield* Steps.claimOne(), Fixture.outcomes.completed())
      assert.deepStrictEqual(yield* results({ unique }), ["Duplicate"])
      yield* Steps.transition([id], "Remove")
      yield* TestClock.adjust(999)
      assert.deepStrictEqual(yield* results({ unique }), ["Duplicate"])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* results({ unique }, { unique }), ["Enqueued", "Duplicate"])
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(yield* results({ unique }), ["Enqueued"], "though the last one waits")
    }))

  test("holds a key for a period at least, and longer while the job lives", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const unique = Fixture.unique("k", { periodMillis: 1000 })
      yield* Steps.insertOne({ unique })
      yield* TestClock.adjust(2000)
      assert.deepStrictEqual(yield* results({ unique }), ["Duplicate"])
      yield* Steps.settle(yield* Steps.claimOne(), Fixture.outcomes.completed())
      yield* Steps.insertOne({ unique })
      yield* Steps.settle(yield* Steps.claimOne(), Fixture.outcomes.completed())
      assert.deepStrictEqual(yield* results({ unique }), ["Duplicate"])
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(yield* results({ unique }), ["Enqueued"])
    }))
}

const debounce = (test: Declare): void => {
  const waiting = (payload: string, fields: Partial<NewJob.Debounce> = {}): Partial<NewJob.NewJob> => ({
    payload,
    debounce: { key: "d", waitMillis: 1000, maxWaitMillis: null, payload: "replace", ...fields }
  })

  test("puts the waiting job off, and gives it the newest payload", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const id = yield* Steps.insertOne(waiting("a"))
      yield* TestClock.adjust(900)
      const answers = yield* Storage.Storage.use((storage) => storage.insert([Fixture.newJob(waiting("b"))]))
      assert.deepStrictEqual(answers, [{ _tag: "Replaced", id }])
      yield* TestClock.adjust(999)
      assert.strictEqual((yield* Steps.promote()).count, 0)
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Steps.promote()).count, 1)
      assert.strictEqual((yield* Steps.claimOne()).payload, "b")
      assert.deepStrictEqual(yield* results(waiting("c")), ["Enqueued"])
    }))

  test("keeps the first payload when asked to, and waits no longer than it may", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const fields = { maxWaitMillis: 1500, payload: "keep" } as const
      assert.deepStrictEqual(yield* results(waiting("a", fields), waiting("b", fields)), ["Enqueued", "Replaced"])
      yield* TestClock.adjust(900)
      assert.deepStrictEqual(yield* results(waiting("c", fields)), ["Replaced"])
      yield* TestClock.adjust(600)
      yield* Steps.promote()
      assert.strictEqual((yield* Steps.claimOne()).payload, "a")
    }))

  test("answers for a batch in its order, and knows keys apart", () =>
    Effect.gen(function*() {
      const jobs = [waiting("a"), {}, waiting("b"), waiting("c", { key: "other" }), waiting("d"), {}]
      assert.deepStrictEqual(
        yield* results(...jobs),
        ["Enqueued", "Enqueued", "Replaced", "Enqueued", "Replaced", "Enqueued"]
      )
      const { items } = yield* Storage.Storage.use((storage) => storage.list({ states: ["scheduled"] }))
      assert.deepStrictEqual(items.map(({ payload }) => payload), ["c", "d"])
    }))
}

const timeToLive = (test: Declare): void => {
  test("cancels a job that did not start in time, and never lends it", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const [id, late] = yield* Steps.insert({ ttlMillis: 1000 }, { ttlMillis: 1000, delayMillis: 5000 })
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(yield* Steps.claim(), [])
      yield* Steps.promote()
      const record = yield* Steps.get(Steps.present(id, "an id"))
      assert.deepInclude({ state: record.state, tag: record.error?.tag }, { state: "cancelled", tag: "Expired" })
      yield* TestClock.adjust(4500)
      yield* Steps.promote()
      assert.strictEqual((yield* Steps.claimOne()).id, late, "its time begins when it is due")
    }))

  test("lets a job that started in time retry for ever", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insertOne({ ttlMillis: 1000 })
      yield* Steps.settle(yield* Steps.claimOne(), Fixture.outcomes.retried(5000))
      yield* TestClock.adjust(5000)
      yield* Steps.promote()
      assert.strictEqual((yield* Steps.claimOne()).attempt, 2)
    }))
}

const versions = (test: Declare): void => {
  test("leaves versions that a worker does not handle to others", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({ version: 1 }, { version: 2 }, { version: 3 })
      const claims = yield* Steps.claim({ handles: [{ name: "SendMail", versionMin: 1, versionMax: 2 }] })
      assert.deepStrictEqual(claims.map(({ version }) => version), [1, 2])
      assert.lengthOf(yield* Steps.claim({ handles: [{ name: "SendMail", versionMin: 3, versionMax: 9 }] }), 1)
    }))

  test("F59: keeps a job in quarantine with its error and its key until a person releases it", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running({ unique: Fixture.unique("k") })
      yield* Steps.settle(claim, Fixture.outcomes.quarantined())
      assert.deepInclude(yield* Steps.get(claim.id), {
        state: "quarantined",
        failures: 0,
        attempt: 1,
        error: Fixture.failure()
      })
      assert.deepStrictEqual(yield* results({ unique: Fixture.unique("k") }), ["Duplicate"])
      assert.deepStrictEqual(yield* Steps.settle(claim, Fixture.outcomes.quarantined()), "Applied")
      const [released] = yield* Steps.transition([claim.id], "Retry")
      assert.deepInclude(released, { from: "quarantined", to: "available" })
      const again = yield* Steps.claimOne()
      assert.deepStrictEqual([again.attempt, again.token], [1, 2])
      assert.deepStrictEqual((yield* Steps.history(claim.id)).map(({ outcome }) => outcome), ["quarantined", "running"])
    }))

  test("cancels and removes what is in quarantine, and frees its key", () =>
    Effect.gen(function*() {
      for (const action of ["Cancel", "Remove"] as const) {
        const claim = yield* Steps.running({ unique: Fixture.unique("k") })
        yield* Steps.settle(claim, Fixture.outcomes.quarantined())
        const [result] = yield* Steps.transition([claim.id], action)
        assert.strictEqual(result?.from, "quarantined")
      }
      assert.deepStrictEqual(yield* results({ unique: Fixture.unique("k") }), ["Enqueued"])
    }))
}

const weights = (test: Declare): void => {
  for (const [limit, perTenant] of [[5, 4], [10, 4], [7, 20], [40, 2]] as const) {
    test(`gives tenants their shares by weight in claims of ${limit} with turns of ${perTenant}`, () =>
      Effect.gen(function*() {
        yield* Steps.register("w1")
        yield* Steps.register("w2")
        yield* command({ _tag: "SetWeight", tenant: "b", queue: null, weight: 3 })
        yield* command({ _tag: "SetWeight", tenant: "c", queue: null, weight: 9 })
        yield* command({ _tag: "SetWeight", tenant: "c", queue: "default", weight: 2 })
        yield* Steps.insert(...["a", "b", "c"].flatMap((tenant) => many(700, { tenant })))
        const claims: Array<Claim.Claim> = []
        for (let n = 0; claims.length < 960; n++) {
          claims.push(...(yield* Steps.claim({ workerId: n % 2 === 0 ? "w1" : "w2", limit, perTenant })))
        }
        const counts = countBy(claims, ({ tenant }) => tenant)
        for (const [tenant, share] of [["a", 1 / 6], ["b", 3 / 6], ["c", 2 / 6]] as const) {
          assert.isBelow(Math.abs((counts[tenant] ?? 0) / claims.length - share), 0.05, `share of ${tenant}`)
        }
      }))
  }

  test("begins now and then at a larger priority, so that none waits for ever", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert(...[10, 50, 90].flatMap((priority) => many(40, { priority })))
      const seen: Array<number> = []
      for (let n = 0; n < 20; n++) {
        const [claim] = yield* Steps.claim({ limit: 1, agingEvery: 5 })
        seen.push(Steps.present(claim, "a claim").priority)
      }
      assert.deepStrictEqual(seen.filter((priority) => priority === 10).length, 16)
      assert.includeMembers(seen, [50, 90])
    }))
}

const explanations = (test: Declare): void => {
  const slots = { name: "slots", kind: "concurrency", max: 1, perMillis: null, burst: null } as const
  const mail = { name: "mail", kind: "rate", max: 10, perMillis: 1000, burst: 1 } as const
  const declare = command({ _tag: "DeclareLimits", release: "1", rules: [slots, mail] })
  const now = DateTime.makeUnsafe(Fixture.startMillis)

  test("knows nothing of a job that is not there, and little of one that is free to go", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const id = yield* Steps.insertOne({ tenant: "t" })
      const facts = yield* explain(id)
      assert.deepStrictEqual(facts.job, yield* Steps.get(id))
      const { isSuspect, limits, parents, pauses } = facts
      assert.deepStrictEqual({ isSuspect, limits, parents, pauses }, {
        isSuspect: false,
        limits: [],
        parents: [],
        pauses: []
      })
      assert.deepStrictEqual([facts.now, facts.expiresAt, facts.ahead], [now, null, 0])
      assert.deepStrictEqual(facts.workers.map((worker) => worker.id), ["w1"])
      yield* Steps.transition([id], "Remove")
      assert.isNull(yield* Storage.Storage.use((storage) => storage.inspect.explain(id)))
    }))

  test("tells who holds a full limit, and when a rate has permits again", () =>
    Effect.gen(function*() {
      yield* declare
      yield* Steps.register()
      const limits = [{ name: "slots", key: "a", weight: 1 }, { name: "mail", key: "", weight: 1 }]
      const [running, waiting] = yield* Steps.insert({ limits }, { limits })
      yield* Steps.claim()
      const facts = yield* explain(Steps.present(waiting, "an id"))
      assert.deepStrictEqual(facts.limits, [
        {
          name: "slots",
          key: "a",
          weight: 1,
          rule: slots,
          isOpen: false,
          held: 1,
          holders: [
            Steps.present(running, "an id")
          ],
          tokens: null,
          opensAt: null
        },
        {
          name: "mail",
          key: "",
          weight: 1,
          rule: mail,
          isOpen: false,
          held: 0,
          holders: [],
          tokens: 0,
          opensAt: DateTime.makeUnsafe(Fixture.startMillis + 100)
        }
      ])
      yield* TestClock.adjust(100)
      assert.deepStrictEqual((yield* explain(Steps.present(waiting, "an id"))).limits.map(({ isOpen }) => isOpen), [
        false,
        true
      ])
    }))

  test("tells of every pause that keeps a job, and of no other", () =>
    Effect.gen(function*() {
      yield* declare
      const limits = [{ name: "slots", key: "a", weight: 1 }]
      const id = yield* Steps.insertOne({ tenant: "t", limits })
      yield* command({ _tag: "PauseQueue", queue: "default" })
      yield* command({ _tag: "PauseTenant", tenant: "t" })
      yield* command({ _tag: "PauseName", name: "SendMail" })
      yield* command({ _tag: "PauseLimit", limit: "slots", key: "a", durationMillis: 1000 })
      yield* command({ _tag: "PauseTenant", tenant: "other" })
      yield* command({ _tag: "PauseLimit", limit: "slots", key: "b", durationMillis: null })
      assert.deepStrictEqual((yield* explain(id)).pauses, [
        { what: "queue", name: "default", key: null, since: now, until: null },
        { what: "tenant", name: "t", key: null, since: now, until: null },
        { what: "name", name: "SendMail", key: null, since: now, until: null },
        { what: "limit", name: "slots", key: "a", since: now, until: DateTime.makeUnsafe(Fixture.startMillis + 1000) }
      ])
    }))

  test("counts the jobs of a tenant that come first", () =>
    Effect.gen(function*() {
      yield* declare
      const limits = [{ name: "slots", key: "a", weight: 1 }]
      yield* Steps.insert({ tenant: "t" }, { tenant: "t", limits }, { tenant: "u" }, { tenant: "t", priority: 90 })
      const id = yield* Steps.insertOne({ tenant: "t" })
      yield* Steps.insert({ tenant: "t" }, { tenant: "t", priority: 1 })
      assert.strictEqual((yield* explain(id)).ahead, 3)
    }))

  test("tells what became of a job and when it expires", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      const id = yield* Steps.insertOne({ ttlMillis: 5000 })
      assert.deepStrictEqual((yield* explain(id)).expiresAt, DateTime.makeUnsafe(Fixture.startMillis + 5000))
      yield* Steps.claimOne()
      const running = yield* explain(id)
      assert.deepStrictEqual([running.job.state, running.expiresAt], ["running", null])
      yield* Steps.crashWorkers
      assert.isTrue((yield* explain(id)).isSuspect)
    }))

  test("lists tenants with their work, weights and pauses, page by page", () =>
    Effect.gen(function*() {
      yield* Steps.register()
      yield* Steps.insert({ tenant: "b" }, { tenant: "b", priority: 1 }, { tenant: "c" }, { tenant: "" })
      yield* command({ _tag: "SetWeight", tenant: "a", queue: "default", weight: 2 })
      yield* command({ _tag: "PauseTenant", tenant: "d" })
      yield* Steps.claim({ limit: 1 })
      const list = (query: Inspection.TenantQuery) => Storage.Storage.use((storage) => storage.inspect.tenants(query))
      const idle = { weights: [], pausedAt: null, available: 0, running: 0 }
      assert.deepStrictEqual(yield* list({}), [
        { ...idle, tenant: "", available: 1 },
        { ...idle, tenant: "a", weights: [{ queue: "default", weight: 2 }] },
        { ...idle, tenant: "b", available: 1, running: 1 },
        { ...idle, tenant: "c", available: 1 },
        { ...idle, tenant: "d", pausedAt: now }
      ])
      assert.deepStrictEqual((yield* list({ after: "a", limit: 2 })).map(({ tenant }) => tenant), ["b", "c"])
    }))

  test("keeps the log lines of a job", () =>
    Effect.gen(function*() {
      const claim = yield* Steps.running()
      yield* Steps.report(claim, { log: { level: "info", message: "one" } })
      yield* Steps.report(claim, { log: { level: "warn", message: "two" } })
      assert.deepStrictEqual(yield* Storage.Storage.use((storage) => storage.inspect.logs(claim.id)), [
        { at: now, token: 1, level: "info", message: "one" },
        { at: now, token: 1, level: "warn", message: "two" }
      ])
    }))
}
