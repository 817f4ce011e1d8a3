/**
 * What the endpoints of schedules do, on any storage.
 */
import { assert, describe, layer } from "@effect/vitest"
import { ApiClient } from "@millrace/api"
import type { Queue } from "@millrace/queue"
import { DateTime, Effect } from "effect"
import type { Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import * as T from "./ServerUnderTest.ts"

const path = "/api/v1/schedules"

const job = {
  name: "Echo",
  payload: { a: 1 },
  queue: "scheduled-work",
  tenant: "t1",
  priority: "high",
  tags: ["nightly"]
}

const nightly = { name: "nightly", cron: "30 2 * * *", timeZone: "Europe/Berlin", job }

interface Items {
  readonly items: ReadonlyArray<Record<string, unknown>>
  readonly nextCursor: string | null
}

/** Runs the suite. `makeLayer` must make another layer at every call. */
export const schedulesSuite = <E>(
  name: string,
  makeLayer: () => Layer.Layer<T.ServerUnderTest | Queue.Queue, E>
): void => {
  describe(name, () => {
    layer(makeLayer(), { excludeTestServices: true })("creating", (it) => {
      it.effect("answers 201 with the schedule, and reads it back", () =>
        Effect.gen(function*() {
          const created = yield* T.post(path, { ...nightly, jitter: "30 seconds", overlap: "skip", misfire: "skip" })
          assert.strictEqual(created.status, 201)
          assert.deepInclude(created.json, {
            name: "nightly",
            owner: null,
            cron: "30 2 * * *",
            timeZone: "Europe/Berlin",
            everyMillis: null,
            at: null,
            jitterMillis: 30_000,
            overlap: "skip",
            misfire: "skip",
            paused: false,
            last: null
          })
          const { job: stored, nextAt } = created.json as { readonly job: object; readonly nextAt: string }
          assert.deepInclude(stored, {
            name: "Echo",
            payload: { a: 1 },
            queue: "scheduled-work",
            tenant: "t1",
            priority: 30
          })
          assert.isAbove(Date.parse(nextAt), Date.now())
          assert.deepStrictEqual((yield* T.get(`${path}/nightly`)).json, created.json)
        }))

      it.effect("takes an interval and an instant too", () =>
        Effect.gen(function*() {
          const every = yield* T.post(path, {
            name: "every",
            every: "5 minutes",
            job,
            misfire: { catchUp: { max: 3, window: "1 hour" } }
          })
          assert.strictEqual(every.status, 201)
          assert.deepInclude(every.json, {
            everyMillis: 300_000,
            cron: null,
            misfire: { catchUp: { max: 3, windowMillis: 3_600_000 } }
          })
          const once = yield* T.post(path, { name: "once", at: "2100-01-01T00:00:00Z", job })
          assert.strictEqual(once.status, 201)
          assert.deepInclude(once.json, { at: "2100-01-01T00:00:00.000Z", nextAt: "2100-01-01T00:00:00.000Z" })
        }))

      it.effect("refuses what can not be, and names the field", () =>
        Effect.gen(function*() {
          const refused: ReadonlyArray<readonly [body: object, status: number, tag: string, field: string]> = [
            [{ ...nightly, name: "a", cron: "61 * * * *" }, 422, "InvalidSchedule", "cron"],
            [{ ...nightly, name: "a", cron: "0 0 30 2 *" }, 422, "InvalidSchedule", "cron"],
            [{ ...nightly, name: "a", timeZone: "Mars/Base" }, 422, "InvalidSchedule", "timeZone"],
            [{ name: "a", at: "2001-01-01T00:00:00Z", job }, 422, "InvalidSchedule", "at"],
            [{ ...nightly, name: "a", jitter: "-1 seconds" }, 400, "InvalidRequest", "jitter"],
            [{ name: "a", every: "0 seconds", job }, 400, "InvalidRequest", "every"],
            [{ ...nightly, name: "a", overlap: "wait" }, 400, "InvalidRequest", "overlap"],
            [{ ...nightly, name: "a", job: { ...job, name: "Nope" } }, 422, "UnknownJob", "job.name"],
            [
              { ...nightly, name: "a", job: { name: "SendWelcome", payload: {} } },
              422,
              "InvalidPayload",
              "job.payload.userId"
            ],
            [{ ...nightly, name: "a", job: { ...job, delay: "1 hour" } }, 400, "InvalidRequest", "job.delay"],
            [{ cron: "* * * * *", job }, 400, "InvalidRequest", "name"]
          ]
          for (const [body, status, tag, field] of refused) {
            const answer = yield* T.post(path, body)
            assert.strictEqual(answer.status, status, answer.text)
            assert.deepInclude(T.errorOf(answer), { tag, field })
          }
          const none = yield* T.post(path, { name: "a", job })
          assert.strictEqual(T.errorOf(none).tag, "InvalidSchedule")
          const both = yield* T.post(path, { ...nightly, name: "a", every: "1 hour" })
          assert.strictEqual(T.errorOf(both).tag, "InvalidSchedule")
          assert.strictEqual((yield* T.get(`${path}/a`)).status, 404)
        }))

      it.effect("refuses a name that is taken", () =>
        Effect.gen(function*() {
          yield* T.post(path, { ...nightly, name: "taken" })
          const again = yield* T.post(path, { ...nightly, name: "taken" })
          assert.strictEqual(again.status, 409)
          assert.deepInclude(T.errorOf(again), { tag: "ScheduleExists", field: "name" })
        }))
    })

    layer(makeLayer(), { excludeTestServices: true })("steering", (it) => {
      it.effect("lists in pages by name, and by whether they are paused", () =>
        Effect.gen(function*() {
          for (const each of ["c", "a", "b"]) yield* T.post(path, { ...nightly, name: each })
          const first = (yield* T.get(`${path}?limit=2`)).json as Items
          assert.deepStrictEqual(first.items.map((item) => item["name"]), ["a", "b"])
          const second = (yield* T.get(`${path}?limit=2&cursor=${first.nextCursor}`)).json as Items
          assert.deepStrictEqual(second.items.map((item) => item["name"]), ["c"])
          assert.isNull(second.nextCursor)
          yield* T.send("POST", `${path}/b/pause`)
          const paused = (yield* T.get(`${path}?paused=true`)).json as Items
          assert.deepStrictEqual(paused.items.map((item) => item["name"]), ["b"])
          const damaged = yield* T.get(`${path}?cursor=x`)
          assert.deepInclude(T.errorOf(damaged), { tag: "InvalidCursor", field: "cursor" })
        }))

      it.effect("changes, pauses, resumes and removes", () =>
        Effect.gen(function*() {
          yield* T.post(path, { ...nightly, name: "steered" })
          const changed = yield* T.sendJson("PATCH", `${path}/steered`, { every: "1 hour", jitter: "5 seconds" })
          assert.strictEqual(changed.status, 200)
          assert.deepInclude(changed.json, { cron: null, everyMillis: 3_600_000, jitterMillis: 5000, overlap: "queue" })
          const paused = yield* T.send("POST", `${path}/steered/pause`)
          assert.deepInclude(paused.json, { paused: true, nextAt: null })
          const resumed = yield* T.send("POST", `${path}/steered/resume`)
          assert.deepInclude(resumed.json, { paused: false, pausedAt: null })
          const removed = yield* T.send("DELETE", `${path}/steered`)
          assert.deepStrictEqual([removed.status, removed.text], [204, ""])
          const wrong = yield* T.sendJson("PATCH", `${path}/c-that-is-not`, { cron: "* * * * *" })
          assert.strictEqual(wrong.status, 404)
        }))

      it.effect("triggers: the job is there, and the tick in the history", () =>
        Effect.gen(function*() {
          yield* T.post(path, { ...nightly, name: "triggered" })
          const tick = yield* T.send("POST", `${path}/triggered/trigger`)
          assert.strictEqual(tick.status, 200)
          assert.deepInclude(tick.json, { schedule: "triggered", kind: "trigger", outcome: "fired" })
          const { jobId } = tick.json as { readonly jobId: string }
          const enqueued = yield* T.get(`/api/v1/jobs/${jobId}`)
          assert.deepInclude(enqueued.json, { name: "Echo", payload: { a: 1 }, queue: "scheduled-work", tenant: "t1" })
          const ticks = (yield* T.get(`${path}/triggered/ticks`)).json as Items
          const { at: _, ...known } = tick.json as Record<string, unknown>
          assert.strictEqual(ticks.items.length, 1)
          assert.deepInclude(ticks.items[0], known)
        }))

      it.effect("previews a timing and a schedule", () =>
        Effect.gen(function*() {
          const body = { cron: "30 2 * * *", timeZone: "Europe/Berlin", count: 2, after: "2026-10-24T12:00:00Z" }
          const preview = yield* T.post(`${path}/preview`, body)
          // The night of the autumn's change has 02:30 twice: the first one counts.
          assert.deepStrictEqual(preview.json, { instants: ["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"] })
          yield* T.post(path, { ...nightly, name: "previewed" })
          const next = yield* T.get(`${path}/previewed/preview?count=1&after=2026-10-24T12:00:00Z`)
          assert.deepStrictEqual(next.json, { instants: ["2026-10-25T00:30:00.000Z"] })
          const ten = (yield* T.get(`${path}/previewed/preview`)).json as { readonly instants: ReadonlyArray<string> }
          assert.strictEqual(ten.instants.length, 10)
          const wrong = yield* T.post(`${path}/preview`, { cron: "x" })
          assert.deepInclude(T.errorOf(wrong), { tag: "InvalidSchedule", field: "cron" })
        }))

      it.effect("fills a past window, once", () =>
        Effect.gen(function*() {
          yield* T.post(path, { name: "filled", every: "1 hour", job })
          const window = { from: "2026-01-01T00:00:00Z", to: "2026-01-01T03:00:00Z" }
          const filled = yield* T.post(`${path}/filled/backfill`, window)
          assert.strictEqual(filled.status, 200)
          assert.deepStrictEqual((filled.json as Items).items.map((tick) => [tick["instant"], tick["kind"]]), [
            ["2026-01-01T00:00:00.000Z", "backfill"],
            ["2026-01-01T01:00:00.000Z", "backfill"],
            ["2026-01-01T02:00:00.000Z", "backfill"]
          ])
          const again = yield* T.post(`${path}/filled/backfill`, window)
          assert.deepStrictEqual((again.json as Items).items, [])
          const tooMany = yield* T.post(`${path}/filled/backfill`, { ...window, max: 2, to: "2026-01-02T00:00:00Z" })
          assert.strictEqual(tooMany.status, 422)
        }))

      it.effect("does not know a schedule that is not there, whatever is asked of it", () =>
        Effect.gen(function*() {
          const asked = [
            ["GET", `${path}/nope`],
            ["DELETE", `${path}/nope`],
            ["POST", `${path}/nope/pause`],
            ["POST", `${path}/nope/resume`],
            ["POST", `${path}/nope/trigger`],
            ["GET", `${path}/nope/preview`]
          ] as const
          for (const [method, url] of asked) {
            const answer = yield* T.send(method, url)
            assert.strictEqual(answer.status, 404, `${method} ${url}`)
            assert.strictEqual(T.errorOf(answer).tag, "ScheduleNotFound")
          }
        }))
    })

    layer(makeLayer(), { excludeTestServices: true })("the typed client", (it) => {
      it.effect("creates, reads, steers and removes", () =>
        Effect.gen(function*() {
          const { baseUrl } = yield* T.ServerUnderTest
          const { schedules } = yield* ApiClient.make({ baseUrl })
          const at = DateTime.makeUnsafe("2100-01-01T00:00:00Z")
          const created = yield* schedules.create({ payload: { name: "typed", at, job: { name: "Echo", payload: 1 } } })
          assert.strictEqual(created.name, "typed")
          const params = { name: "typed" }
          assert.isTrue((yield* schedules.pause({ params })).paused)
          assert.isFalse((yield* schedules.resume({ params })).paused)
          assert.strictEqual((yield* schedules.change({ params, payload: { overlap: "skip" } })).overlap, "skip")
          assert.strictEqual((yield* schedules.trigger({ params })).kind, "trigger")
          assert.strictEqual((yield* schedules.ticks({ params, query: {} })).items.length, 1)
          assert.strictEqual((yield* schedules.list({ query: {} })).items.length, 1)
          assert.deepStrictEqual((yield* schedules.next({ params, query: {} })).instants.map(DateTime.toEpochMillis), [
            DateTime.toEpochMillis(at)
          ])
          yield* schedules.remove({ params })
          assert.strictEqual((yield* Effect.flip(schedules.get({ params })))._tag, "ScheduleNotFound")
        }).pipe(Effect.provide(FetchHttpClient.layer)))
    })
  })
}
