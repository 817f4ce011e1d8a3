/**
 * What every `SampleStorage` does: probes that count nothing, samples in steps, alerts that fire once and are resolved once.
 *
 * @since 0.1.0
 */
import { assert, layer } from "@effect/vitest"
import { JobState, SampleStorage } from "@millrace/storage"
import type { Alert, Sample, Storage } from "@millrace/storage"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Fixture from "./Fixture.ts"
import * as Steps from "./Steps.ts"

const sample = (more: Partial<Sample.NewSample> = {}): Sample.NewSample => ({
  queue: "mail",
  spanMillis: 60_000,
  counts: Object.fromEntries(JobState.states.map((state) => [state, 0])) as Sample.NewSample["counts"],
  oldestWaitingMillis: null,
  longestRunningMillis: null,
  completed: 0,
  cancelled: 0,
  dead: 0,
  waits: null,
  runs: null,
  workers: 1,
  slots: 10,
  ...more
})

const finding = (more: Partial<Alert.Finding> = {}): Alert.Finding => ({
  rule: "depth",
  queue: "mail",
  name: "",
  value: 12,
  threshold: 10,
  ...more
})

const described = ({ queue, rule, state, value }: Alert.Alert) => [rule, queue, state, value]

/** From the beginning until long after, in one step. */
const ever = {
  from: DateTime.makeUnsafe(0),
  to: DateTime.makeUnsafe(4_000_000_000_000),
  stepMillis: 100 * 365 * 86_400_000
}

/** A job of the queue `mail` that has ended, one that runs and one that waits; a dead one of the queue `bulk`. */
const lives = Effect.gen(function*() {
  yield* Steps.register()
  yield* Steps.insert({ queue: "mail" }, { queue: "mail" }, { queue: "bulk" }, { queue: "mail", name: "Digest" })
  const [done, _running] = yield* Steps.claim({ queue: "mail" })
  const lost = yield* Steps.claimOne({ queue: "bulk" })
  assert.isDefined(done)
  if (done !== undefined) yield* Steps.settle(done, Fixture.outcomes.completed())
  yield* Steps.settle(lost, Fixture.outcomes.dead())
})

/**
 * Declares the tests for a driver. Its storages must be empty.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = <E>(
  name: string,
  driver: Layer.Layer<SampleStorage.SampleStorage | Storage.Storage, E>
): void => {
  layer(driver, { excludeTestServices: true, timeout: 60_000 })(`SampleStorage (${name})`, (it) => {
    it.effect("answers a probe of nothing with nothing", () =>
      Effect.gen(function*() {
        const { latest, probe } = yield* SampleStorage.SampleStorage
        const nothing = {
          oldestWaitingMillis: null,
          longestRunningMillis: null,
          completed: 0,
          cancelled: 0,
          dead: 0,
          waits: null,
          runs: null,
          waitingNames: []
        }
        assert.deepStrictEqual(yield* probe({ queues: ["mail"], windowMillis: 60_000 }), [
          { queue: "", ...nothing },
          { queue: "mail", ...nothing }
        ])
        assert.deepStrictEqual(yield* latest, [])
      }))

    it.effect("tells of each queue, and of all together, what waits, runs and ended in the window", () =>
      Effect.gen(function*() {
        yield* lives
        const { probe } = yield* SampleStorage.SampleStorage
        const [all, bulk, mail] = yield* probe({ queues: ["mail", "bulk"], windowMillis: 60_000 })
        assert.deepInclude(all, { queue: "", completed: 1, dead: 1, cancelled: 0, waitingNames: ["Digest"] })
        assert.deepInclude(bulk, { queue: "bulk", completed: 0, dead: 1, oldestWaitingMillis: null, waitingNames: [] })
        assert.deepInclude(mail, { queue: "mail", completed: 1, dead: 0, waitingNames: ["Digest"] })
        assert.isNull(bulk?.longestRunningMillis)
        for (const age of [mail?.oldestWaitingMillis, mail?.longestRunningMillis, mail?.waits?.p99, mail?.runs?.p50]) {
          assert(typeof age === "number" && age >= 0 && age < 60_000, `an age of ${age}`)
        }
        const [, , before] = yield* probe({ queues: ["mail", "bulk"], windowMillis: 0 })
        assert.deepInclude(before, { completed: 0, waits: null })
      }))

    it.effect("keeps samples as they are, and reads the newest instant", () =>
      Effect.gen(function*() {
        const { append, latest } = yield* SampleStorage.SampleStorage
        const spread = { mean: 2, p50: 1, p95: 2.5, p99: 3 }
        const given = [
          sample({ queue: "", completed: 7, oldestWaitingMillis: 5 }),
          sample({ queue: "x", waits: spread, runs: spread, longestRunningMillis: 9 })
        ]
        yield* append([])
        yield* append(given)
        const found = yield* latest
        assert.deepStrictEqual(found.map(({ at: _at, ...rest }) => rest), given)
      }))

    it.effect("reads a history in steps: sums, worst and newest", () =>
      Effect.gen(function*() {
        const { append, list } = yield* SampleStorage.SampleStorage
        const spread = (p99: number) => ({ mean: 1.5, p50: 1, p95: 2, p99 })
        yield* append([sample({ queue: "steps", completed: 3, oldestWaitingMillis: 50, waits: spread(4), slots: 1 })])
        yield* Effect.sleep(5)
        yield* append([sample({ queue: "steps", completed: 4, oldestWaitingMillis: 20, waits: spread(9), slots: 2 })])
        const [whole, ...more] = yield* list({ queue: "steps", ...ever })
        assert.deepStrictEqual(more, [])
        const { at: _at, ...rest } = whole ?? {}
        assert.deepStrictEqual(
          rest,
          sample({
            queue: "steps",
            spanMillis: 120_000,
            completed: 7,
            oldestWaitingMillis: 50,
            waits: spread(9),
            slots: 2
          })
        )
        const fine = yield* list({ queue: "steps", ...ever, stepMillis: 1 })
        assert.deepStrictEqual(fine.map(({ completed }) => completed), [3, 4])
        assert.lengthOf(yield* list({ queue: "steps", ...ever, to: fine[1]?.at ?? ever.to, stepMillis: 1 }), 1)
        assert.lengthOf(yield* list({ queue: "nobody", ...ever }), 0)
      }))

    it.effect("fires an alert once, keeps its newest value, and resolves it once", () =>
      Effect.gen(function*() {
        const { alerts, judge } = yield* SampleStorage.SampleStorage
        const other = finding({ rule: "no-worker", queue: "'; drop table alert --", name: "Digest" })
        assert.deepStrictEqual((yield* judge([finding(), other])).map(({ state }) => state), ["firing", "firing"])
        assert.deepStrictEqual(yield* judge([finding({ value: 20 }), other]), [])
        const ended = yield* judge([other])
        assert.deepStrictEqual(ended.map(described), [["depth", "mail", "resolved", 20]])
        assert.isNotNull(ended[0]?.resolvedAt)
        assert.deepStrictEqual(yield* judge([other]), [])
        assert.deepStrictEqual((yield* judge([finding(), other])).map(described), [["depth", "mail", "firing", 12]])
        const all = yield* alerts({ limit: 10 })
        assert.deepStrictEqual(all.map(({ state }) => state), ["firing", "firing", "resolved"])
        assert.deepStrictEqual(
          (yield* alerts({ limit: 10, before: all[0]?.id ?? "" })).map(({ id }) => id),
          all.slice(1).map(({ id }) => id)
        )
        assert.lengthOf(yield* alerts({ limit: 10, state: "firing" }), 2)
        assert.lengthOf(yield* alerts({ limit: 1, state: "resolved" }), 1)
      }))

    it.effect("prunes samples and resolved alerts by age, and no alert that fires", () =>
      Effect.gen(function*() {
        const { alerts, append, latest, prune } = yield* SampleStorage.SampleStorage
        yield* append([sample()])
        assert.strictEqual(yield* prune(3_600_000), 0)
        yield* Effect.sleep(5)
        assert.isAbove(yield* prune(0), 0)
        assert.deepStrictEqual(yield* latest, [])
        assert.deepStrictEqual((yield* alerts({ limit: 10 })).map(({ state }) => state), ["firing", "firing"])
      }))
  })
}
