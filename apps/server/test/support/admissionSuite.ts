/**
 * What the endpoints of tenants, limits and job names do, on any storage.
 */
import { assert, describe, layer } from "@effect/vitest"
import { Limit, Queue } from "@millrace/queue"
import { Effect } from "effect"
import type { Layer } from "effect"
import * as T from "./ServerUnderTest.ts"

interface Items {
  readonly items: ReadonlyArray<Record<string, unknown>>
  readonly nextCursor: string | null
}

const declare = Effect.gen(function*() {
  const queue = yield* Queue.Queue
  yield* queue.admission.declare([
    Limit.concurrency("per-store", { max: 5 }),
    Limit.rate("mail-api", { permits: 450, per: "1 minute", burst: 20 })
  ])
})

/** Runs the suite. `makeLayer` must make another layer at every call. */
export const admissionSuite = <E>(
  name: string,
  makeLayer: () => Layer.Layer<T.ServerUnderTest | Queue.Queue, E>
): void => {
  describe(name, () => {
    layer(makeLayer(), { excludeTestServices: true })("tenants", (it) => {
      it.effect("pauses, weighs and lists them, in pages", () =>
        Effect.gen(function*() {
          for (const tenant of ["t1", "t2", "t3"]) {
            yield* T.post("/api/v1/jobs", { name: "Echo", payload: 1, tenant })
          }
          const paused = yield* T.send("POST", "/api/v1/tenants/t1/pause")
          assert.deepStrictEqual([paused.status, paused.json], [200, { name: "t1", paused: true }])
          const weighed = yield* T.sendJson("PUT", "/api/v1/tenants/t1/weight", { weight: 3, queue: "mail" })
          assert.deepStrictEqual([weighed.status, weighed.text], [204, ""])
          const first = (yield* T.get("/api/v1/tenants?limit=2")).json as Items
          assert.deepInclude(first.items[0], {
            tenant: "t1",
            paused: true,
            available: 1,
            weights: [{ queue: "mail", weight: 3 }]
          })
          const second = (yield* T.get(`/api/v1/tenants?limit=2&cursor=${first.nextCursor}`)).json as Items
          assert.deepStrictEqual(second.items.map((item) => item["tenant"]), ["t3"])
          assert.isNull(second.nextCursor)
          const resumed = yield* T.send("POST", "/api/v1/tenants/t1/resume")
          assert.deepStrictEqual(resumed.json, { name: "t1", paused: false })
          yield* T.sendJson("PUT", "/api/v1/tenants/t1/weight", { weight: null, queue: "mail" })
          const after = (yield* T.get("/api/v1/tenants")).json as Items
          assert.deepInclude(after.items[0], { tenant: "t1", paused: false, weights: [] })
        }))

      it.effect("refuses a weight that can not be", () =>
        Effect.gen(function*() {
          const answer = yield* T.sendJson("PUT", "/api/v1/tenants/t1/weight", { weight: 1000 })
          assert.strictEqual(answer.status, 400)
          assert.deepInclude(T.errorOf(answer), { tag: "InvalidRequest", field: "weight" })
        }))
    })

    layer(makeLayer(), { excludeTestServices: true })("limits", (it) => {
      it.effect("lists what was declared", () =>
        Effect.gen(function*() {
          yield* declare
          const { items } = (yield* T.get("/api/v1/limits")).json as Items
          assert.deepStrictEqual(items.map((item) => item["name"]), ["mail-api", "per-store"])
          assert.deepInclude(items[0], {
            kind: "rate",
            max: 450,
            perMillis: 60_000,
            burst: 20,
            overrides: [],
            pauses: []
          })
          assert.deepInclude((yield* T.get("/api/v1/limits/per-store")).json, { kind: "concurrency", max: 5 })
        }))

      it.effect("overrides one, for a key and for a time, and takes it back", () =>
        Effect.gen(function*() {
          yield* declare
          const url = "/api/v1/limits/per-store/override"
          const overridden = yield* T.sendJson("PUT", url, { key: "s1", max: 50, during: "1 hour" })
          assert.strictEqual(overridden.status, 200)
          const [override] =
            (overridden.json as { readonly overrides: ReadonlyArray<Record<string, unknown>> }).overrides
          assert.deepInclude(override, { key: "s1", max: 50 })
          assert.isString(override?.["expiresAt"])
          const cleared = yield* T.send("DELETE", `${url}?key=s1`)
          assert.strictEqual(cleared.status, 204)
          assert.deepInclude((yield* T.get("/api/v1/limits/per-store")).json, { overrides: [] })
        }))

      it.effect("pauses one for a time, and resumes it", () =>
        Effect.gen(function*() {
          yield* declare
          const paused = yield* T.post("/api/v1/limits/mail-api/pause", { during: "30 seconds" })
          assert.strictEqual(paused.status, 200)
          const [pause] = (paused.json as { readonly pauses: ReadonlyArray<Record<string, unknown>> }).pauses
          assert.isNull(pause?.["key"])
          assert.isString(pause?.["until"])
          const resumed = yield* T.post("/api/v1/limits/mail-api/resume", {})
          assert.deepInclude(resumed.json, { pauses: [] })
        }))

      it.effect("does not know one that nobody declared, whatever is asked of it", () =>
        Effect.gen(function*() {
          const asked = [
            ["GET", "/api/v1/limits/nope", undefined],
            ["POST", "/api/v1/limits/nope/pause", {}],
            ["POST", "/api/v1/limits/nope/resume", {}],
            ["PUT", "/api/v1/limits/nope/override", { max: 1 }],
            ["DELETE", "/api/v1/limits/nope/override", undefined]
          ] as const
          for (const [method, url, body] of asked) {
            const answer = yield* body === undefined ? T.send(method, url) : T.sendJson(method, url, body)
            assert.strictEqual(answer.status, 404, `${method} ${url}`)
            assert.strictEqual(T.errorOf(answer).tag, "LimitNotFound")
          }
        }))
    })

    layer(makeLayer(), { excludeTestServices: true })("kinds of jobs", (it) => {
      it.effect("pauses and resumes one, and explains its jobs with it", () =>
        Effect.gen(function*() {
          const { json } = yield* T.post("/api/v1/jobs", { name: "Echo", payload: 1 })
          const { id } = json as { readonly id: string }
          const paused = yield* T.send("POST", "/api/v1/job-types/Echo/pause")
          assert.deepStrictEqual(paused.json, { name: "Echo", paused: true })
          assert.match(
            (yield* T.get(`/api/v1/jobs/${id}/explain`)).text,
            /"tag":"Paused","text":"[^"]*","what":"name","key":"Echo"/
          )
          assert.deepStrictEqual((yield* T.send("POST", "/api/v1/job-types/Echo/resume")).json, {
            name: "Echo",
            paused: false
          })
          assert.notInclude((yield* T.get(`/api/v1/jobs/${id}/explain`)).text, `"tag":"Paused"`)
        }))
    })
  })
}
