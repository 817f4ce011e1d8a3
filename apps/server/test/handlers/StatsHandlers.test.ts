import { assert, describe, layer } from "@effect/vitest"
import { ApiClient } from "@millrace/api"
import { JobState, SampleStorage, Storage } from "@millrace/storage"
import type { Sample } from "@millrace/storage"
import { Effect } from "effect"
import { FetchHttpClient } from "effect/http"
import * as T from "../support/ServerUnderTest.ts"

const sample = (more: Partial<Sample.NewSample>): Sample.NewSample => ({
  queue: "",
  spanMillis: 60_000,
  counts: Object.fromEntries(JobState.states.map((state) => [state, 1])) as Sample.NewSample["counts"],
  oldestWaitingMillis: 1500.5,
  longestRunningMillis: null,
  completed: 40,
  cancelled: 1,
  dead: 2,
  waits: { mean: 12.5, p50: 10, p95: 20, p99: 30 },
  runs: null,
  workers: 1,
  slots: 10,
  ...more
})

const finding = (queue: string) => ({ rule: "depth", queue, name: "", value: 12, threshold: 10 }) as const

interface Answered {
  readonly items: ReadonlyArray<Record<string, unknown>>
  readonly nextCursor?: string | null
}

const itemsOf = ({ json }: T.Answer) => (json as Answered).items

describe("StatsHandlers", () => {
  layer(T.layer(), { excludeTestServices: true })("on samples", (it) => {
    it.effect("shows the health of a fleet that was never sampled, then that of the newest sample", () =>
      Effect.gen(function*() {
        const { renew } = yield* Storage.Storage
        const info = { host: "h", pid: 1, release: "7", queues: ["mail"], names: ["Echo"], concurrency: 10 }
        yield* renew({ _tag: "Register", workerId: "w1", leaseMillis: 60_000, info })
        const before = yield* T.get("/health/detail")
        assert.strictEqual(before.status, 200)
        assert.deepInclude(before.json, { total: 0, types: ["Echo"], alerts: 0, sampledAt: null, waits: null })
        const { append } = yield* SampleStorage.SampleStorage
        yield* append([sample({}), sample({ queue: "mail", completed: 7 })])
        const { json } = yield* T.get("/health/detail")
        assert.deepInclude(json, {
          workers: { total: 1, active: 0, idle: 1, slots: 10, running: 0, idleSlots: 10 },
          ended: { spanMillis: 60_000, completed: 40, cancelled: 1, dead: 2 },
          waits: { mean: 12.5, p50: 10, p95: 20, p99: 30 }
        })
      }))

    it.effect("reads the history of all queues, of one, and of none", () =>
      Effect.gen(function*() {
        const history = "/api/v1/stats/history"
        const all = yield* T.get(history)
        assert.deepInclude(all.json, { queue: null, stepMillis: 60_000 })
        assert.deepStrictEqual(itemsOf(all).map((item) => item["completed"]), [40])
        const mail = yield* T.get(`${history}?queue=mail&step=5%20minutes`)
        assert.deepInclude(mail.json, { queue: "mail", stepMillis: 300_000 })
        assert.deepStrictEqual(itemsOf(mail).map((item) => item["completed"]), [7])
        assert.deepStrictEqual(itemsOf(yield* T.get(`${history}?queue=none`)), [])
        assert.deepStrictEqual(itemsOf(yield* T.get(`${history}?to=2020-01-01T00:00:00Z`)), [])
      }))

    it.effect("says which field of a range is wrong", () =>
      Effect.gen(function*() {
        const wrong = [
          ["from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from"],
          ["from=2020-01-01T00:00:00Z&step=1%20minute", "step"],
          ["step=1%20second", "step"],
          ["step=soon", "step"],
          ["from=yesterday", "from"]
        ] as const
        for (const [query, field] of wrong) {
          const answer = yield* T.get(`/api/v1/stats/history?${query}`)
          assert.strictEqual(answer.status, 400, query)
          assert.deepInclude(T.errorOf(answer), { tag: "InvalidRequest", field })
        }
      }))

    it.effect("lists alerts newest first, by state and page", () =>
      Effect.gen(function*() {
        const { judge } = yield* SampleStorage.SampleStorage
        yield* judge(["a", "b", "c"].map(finding))
        yield* judge(["a", "b"].map(finding))
        const queues = (answer: T.Answer) => itemsOf(answer).map((item) => item["queue"])
        assert.deepStrictEqual(queues(yield* T.get("/api/v1/alerts")), ["c", "b", "a"])
        assert.deepStrictEqual(queues(yield* T.get("/api/v1/alerts?state=firing")), ["b", "a"])
        const resolved = yield* T.get("/api/v1/alerts?state=resolved")
        assert.deepInclude(itemsOf(resolved)[0], { rule: "depth", queue: "c", name: null, state: "resolved" })
        const first = yield* T.get("/api/v1/alerts?limit=2")
        const second = yield* T.get(`/api/v1/alerts?limit=2&cursor=${(first.json as Answered).nextCursor}`)
        assert.deepStrictEqual([queues(first), queues(second)], [["c", "b"], ["a"]])
        assert.isNull((second.json as Answered).nextCursor)
        const damaged = yield* T.get("/api/v1/alerts?cursor=x")
        assert.deepInclude(T.errorOf(damaged), { tag: "InvalidCursor", field: "cursor" })
        assert.strictEqual((yield* T.get("/api/v1/alerts?state=broken")).status, 400)
        assert.deepInclude((yield* T.get("/health/detail")).json, { alerts: 2 })
      }))

    it.effect("answers the typed client", () =>
      Effect.gen(function*() {
        const { baseUrl } = yield* T.ServerUnderTest
        const client = yield* ApiClient.make({ baseUrl })
        const { items } = yield* client.stats.history({ query: { queue: "mail" } })
        assert.deepStrictEqual(items.map(({ completed, waits }) => [completed, waits?.p99]), [[7, 30]])
        assert.isNotEmpty((yield* client.stats.alerts({ query: {} })).items)
        assert.strictEqual((yield* client.stats.detail()).workers.idleSlots, 10)
      }).pipe(Effect.provide(FetchHttpClient.layer)))
  })
})
