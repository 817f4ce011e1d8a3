/**
 * What the endpoints of jobs do, on any storage.
 */
import { assert, describe, layer } from "@effect/vitest"
import { ApiClient } from "@millrace/api"
import { Queue } from "@millrace/queue"
import { JobId, Storage } from "@millrace/storage"
import { Effect } from "effect"
import type { Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import * as T from "./ServerUnderTest.ts"

const path = "/api/v1/jobs"

/** Creates one job and returns its id. */
const create = (job: object) => Effect.map(T.post(path, job), ({ json }) => (json as { readonly id: string }).id)

const welcome = { name: "SendWelcome", payload: { userId: "u1" } }

/** Lends the available jobs of a queue to a worker, as a running one would. */
const claim = Effect.fnUntraced(function*(queue: string) {
  const storage = yield* Storage.Storage
  const info = { host: "h", pid: 1, release: "0", queues: [queue], names: ["SendWelcome"], concurrency: 10 }
  yield* storage.renew({ _tag: "Register", workerId: "w1", leaseMillis: 60_000, info })
  return yield* storage.claim({
    workerId: "w1",
    queue,
    handles: [{ name: "SendWelcome", versionMin: 0, versionMax: 100 }],
    limit: 10,
    perTenant: 10
  })
})

interface Item {
  readonly id: string
  readonly payload: { readonly userId: string }
}

interface PageOfItems {
  readonly items: ReadonlyArray<Item>
  readonly nextCursor: string | null
}

/**
 * Runs the suite. Each group gets a server and a storage of its own.
 *
 * `makeLayer` must make another layer at every call.
 */
export const jobsSuite = <E>(
  name: string,
  makeLayer: () => Layer.Layer<T.ServerUnderTest | Queue.Queue | Storage.Storage, E>
): void => {
  describe(name, () => {
    layer(makeLayer(), { excludeTestServices: true })("creating", (it) => {
      it.effect("answers 201 with the id and the outcome", () =>
        Effect.gen(function*() {
          const answer = yield* T.post(path, welcome)
          assert.strictEqual(answer.status, 201)
          const { id, outcome } = answer.json as { readonly id: string; readonly outcome: string }
          assert.match(id, /^\d+$/)
          assert.strictEqual(outcome, "enqueued")
        }))

      it.effect("stores every field as it was sent", () =>
        Effect.gen(function*() {
          const id = yield* create({
            ...welcome,
            queue: "urgent-mail",
            tenant: "t1",
            priority: "high",
            delay: "1 hour",
            unique: "k1",
            maxAttempts: 3,
            timeout: "30 seconds",
            tags: ["a", "b"]
          })
          const { json, status } = yield* T.get(`${path}/${id}`)
          assert.strictEqual(status, 200)
          const job = json as { readonly runAt: string; readonly createdAt: string }
          assert.deepInclude(json, {
            id,
            name: "SendWelcome",
            state: "scheduled",
            queue: "urgent-mail",
            tenant: "t1",
            priority: 30,
            payload: { userId: "u1" },
            result: null,
            error: null,
            attempt: 0,
            maxAttempts: 3,
            startedAt: null,
            finishedAt: null,
            progress: null,
            tags: ["a", "b"]
          })
          assert.strictEqual(Date.parse(job.runAt) - Date.parse(job.createdAt), 3_600_000)
          const [record] = (yield* (yield* Queue.Queue).list({ ids: [JobId.makeUnsafe(id)] })).items
          assert.strictEqual(record?.timeoutMillis, 30_000)
        }))

      it.effect("takes the definition's defaults for what is not sent", () =>
        Effect.gen(function*() {
          const id = yield* create(welcome)
          const { json } = yield* T.get(`${path}/${id}`)
          assert.deepInclude(json, { state: "available", queue: "mail", tenant: null, priority: 50, tags: ["welcome"] })
        }))

      it.effect("takes an instant, also one in the past", () =>
        Effect.gen(function*() {
          const future = yield* T.get(`${path}/${yield* create({ ...welcome, runAt: "2100-01-01T00:00:00+01:00" })}`)
          assert.deepInclude(future.json, { state: "scheduled", runAt: "2099-12-31T23:00:00.000Z" })
          const past = yield* T.get(`${path}/${yield* create({ ...welcome, runAt: "2001-01-01T00:00:00Z" })}`)
          assert.deepInclude(past.json, { state: "available" })
        }))

      it.effect("answers a second job with the same unique key with the first", () =>
        Effect.gen(function*() {
          const first = yield* T.post(path, { ...welcome, unique: "once" })
          const second = yield* T.post(path, { ...welcome, unique: "once" })
          assert.strictEqual(second.status, 201)
          assert.deepStrictEqual(second.json, { ...(first.json as object), outcome: "duplicate" })
        }))

      it.effect("throttles and debounces, alone and in a batch", () =>
        Effect.gen(function*() {
          const outcomes = (job: object) =>
            Effect.map(T.post(`${path}/batch`, { jobs: [job, job] }), ({ json }) =>
              (json as { readonly jobs: ReadonlyArray<{ readonly outcome: string }> }).jobs.map(({ outcome }) =>
                outcome
              ))
          const throttled = { ...welcome, throttle: { period: "1 hour", key: "t" } }
          assert.deepStrictEqual(yield* outcomes(throttled), ["enqueued", "duplicate"])
          assert.deepInclude((yield* T.post(path, throttled)).json, { outcome: "duplicate" })
          const debounced = { ...welcome, debounce: { wait: "1 minute", maxWait: "1 hour", key: "d" } }
          assert.deepStrictEqual(yield* outcomes(debounced), ["enqueued", "replaced"])
          const last = yield* T.post(path, { ...debounced, payload: { userId: "last" } })
          assert.deepInclude(last.json, { outcome: "replaced" })
          const { json } = yield* T.get(`${path}/${(last.json as { readonly id: string }).id}`)
          assert.deepInclude(json, { state: "scheduled", payload: { userId: "last" } })
          const wrong = yield* T.post(path, { ...welcome, debounce: { wait: "1 hour", maxWait: "1 minute" } })
          assert.strictEqual(wrong.status, 400)
          assert.strictEqual(T.errorOf(wrong).field, "debounce.maxWait")
        }))

      it.effect("stores a time to live, a deadline, an order and limits", () =>
        Effect.gen(function*() {
          const id = yield* create({
            ...welcome,
            ttl: "1 hour",
            deadline: "2100-01-01T00:00:00Z",
            fifo: "o1",
            limits: [{ name: "smtp" }, { name: "api", key: "acme", weight: 3 }]
          })
          const [record] = (yield* (yield* Queue.Queue).list({ ids: [JobId.makeUnsafe(id)] })).items
          assert(record !== undefined)
          assert.deepEqual(record.retry, { "millrace:deadline": Date.UTC(2100, 0) })
          const facts = yield* (yield* Storage.Storage).inspect.explain(JobId.makeUnsafe(id))
          const wait = Number(facts?.expiresAt?.epochMilliseconds) - record.createdAt.epochMilliseconds
          assert.strictEqual(wait, 3_600_000)
          const limits = JSON.stringify(facts)
          for (const name of ["fifo:SendWelcome", "smtp", "api", "acme"]) assert.include(limits, `"${name}"`)
        }))

      it.effect("lets a job wait for others, explains it, and refuses parents that are not there", () =>
        Effect.gen(function*() {
          const parent = yield* create({ ...welcome, queue: "parents" })
          const id = yield* create({ ...welcome, parents: [parent, parent] })
          assert.deepInclude((yield* T.get(`${path}/${id}`)).json, { state: "pending" })
          const reasonOf = Effect.map(
            T.get(`${path}/${id}/explain`),
            ({ json }) => (json as { readonly reasons: ReadonlyArray<object> }).reasons[0]
          )
          assert.deepStrictEqual(yield* reasonOf, {
            tag: "WaitingForParents",
            text: `it waits for 1 job to be completed: job ${parent} (available)`,
            parents: [{ id: parent, state: "available" }]
          })
          const unknown = yield* T.post(path, { ...welcome, parents: [parent, "900000000"] })
          assert.strictEqual(unknown.status, 400)
          assert.match(unknown.text, /"field":"parents"/)
          assert.match(unknown.text, /job 900000000 does not exist/)
          const promoted = yield* T.send("POST", `${path}/${id}/promote`)
          assert.strictEqual(promoted.status, 409)
          assert.match(promoted.text, /"tag":"IllegalTransition"/)
          const listed = yield* T.get(`${path}?state=pending`)
          assert.deepStrictEqual((listed.json as PageOfItems).items.map((item) => item.id), [id])
          yield* T.send("POST", `${path}/${parent}/cancel`)
          yield* (yield* Storage.Storage).promote({ limit: 10 })
          assert.deepInclude((yield* T.get(`${path}/${id}`)).json, {
            state: "cancelled",
            error: {
              tag: "ParentFailed",
              message: `Job ${id} waited for job ${parent}, which was cancelled`,
              data: { parent, state: "cancelled" }
            }
          })
        }))

      it.effect("keeps any JSON of a payload as it is, keys named __proto__ included", () =>
        Effect.gen(function*() {
          const payload = `{"__proto__":{"isAdmin":true},"constructor":1,"b":[null,true,1.5,"ü😀",{"":""}],"a":1,"a":2}`
          const answer = yield* T.post(path, `{"name":"Echo","payload":${payload}}`)
          assert.strictEqual(answer.status, 201)
          const { text } = yield* T.get(`${path}/${(answer.json as { readonly id: string }).id}`)
          const stored = (JSON.parse(text) as { readonly payload: object }).payload
          assert.isTrue(Object.hasOwn(stored, "__proto__"))
          assert.deepStrictEqual(stored, JSON.parse(payload))
          assert.isUndefined(({} as { readonly isAdmin?: boolean }).isAdmin)
        }))

      it.effect("stores a batch in its order", () =>
        Effect.gen(function*() {
          const jobs = Array.from({ length: 1000 }, (_, index) => ({ name: "Echo", payload: index }))
          const answer = yield* T.post(`${path}/batch`, { jobs })
          assert.strictEqual(answer.status, 201)
          const created =
            (answer.json as { readonly jobs: ReadonlyArray<{ readonly id: string; readonly outcome: string }> }).jobs
          assert.strictEqual(created.length, 1000)
          assert.isTrue(created.every(({ outcome }) => outcome === "enqueued"))
          const last = yield* T.get(`${path}/${created[999]?.id}`)
          assert.deepInclude(last.json, { payload: 999 })
        }))

      it.effect("stores nothing of a batch with one wrong job, and names it", () =>
        Effect.gen(function*() {
          const before = yield* T.get(`${path}?limit=1`)
          const wrong = yield* T.post(`${path}/batch`, { jobs: [welcome, { ...welcome, payload: { userId: 5 } }] })
          assert.strictEqual(wrong.status, 422)
          assert.deepInclude(T.errorOf(wrong), { tag: "InvalidPayload", field: "jobs[1].payload.userId" })
          const unknown = yield* T.post(`${path}/batch`, { jobs: [welcome, { ...welcome, name: "Nope" }] })
          assert.deepInclude(T.errorOf(unknown), { tag: "UnknownJob", field: "jobs[1].name" })
          assert.strictEqual((yield* T.get(`${path}?limit=1`)).text, before.text)
        }))
    })

    layer(makeLayer(), { excludeTestServices: true })("listing", (it) => {
      it.effect("filters by state, name, queue, tenant, tag and payload, all at once", () =>
        Effect.gen(function*() {
          const wanted = yield* create({
            ...welcome,
            payload: { userId: "u9", count: 1 },
            tenant: "t9",
            queue: "q9",
            tags: ["x9"]
          })
          yield* create({ ...welcome, payload: { userId: "u9" }, tenant: "t8", queue: "q9", tags: ["x9"] })
          yield* create({ name: "Echo", payload: { userId: "u9" }, tenant: "t9", queue: "q9", tags: ["x9"] })
          yield* create({ ...welcome, payload: { userId: "u9" }, tenant: "t9", queue: "q9", delay: "1 day" })
          const payload = encodeURIComponent(JSON.stringify({ userId: "u9" }))
          const query = `state=available,dead&name=SendWelcome&queue=q9&tenant=t9&tag=x9&payload=${payload}`
          const { json } = yield* T.get(`${path}?${query}`)
          assert.deepStrictEqual((json as PageOfItems).items.map((item) => item.id), [wanted])
          assert.isNull((json as PageOfItems).nextCursor)
        }))

      it.effect("takes several values of one filter, and the empty tenant for none", () =>
        Effect.gen(function*() {
          const a = yield* create({ ...welcome, queue: "several", tenant: "a" })
          const none = yield* create({ ...welcome, queue: "several" })
          yield* create({ ...welcome, queue: "several", tenant: "b" })
          const both = yield* T.get(`${path}?queue=several&tenant=a&tenant=`)
          assert.sameMembers((both.json as PageOfItems).items.map((item) => item.id), [a, none])
          const later = yield* T.get(`${path}?queue=several&createdAfter=2100-01-01T00:00:00Z`)
          assert.deepStrictEqual((later.json as PageOfItems).items, [])
        }))

      it.effect("walks all pages once, newest first, whatever is created in between", () =>
        Effect.gen(function*() {
          const jobs = Array.from(
            { length: 25 },
            (_, index) => ({ ...welcome, queue: "pages", payload: { userId: `${index}` } })
          )
          yield* T.post(`${path}/batch`, { jobs })
          const seen: Array<string> = []
          let cursor: string | null = ""
          while (cursor !== null) {
            const page: PageOfItems =
              (yield* T.get(`${path}?queue=pages&limit=10${cursor === "" ? "" : `&cursor=${cursor}`}`))
                .json as PageOfItems
            seen.push(...page.items.map((item) => item.payload.userId))
            cursor = page.nextCursor
            yield* create({ ...welcome, queue: "pages", payload: { userId: "new" } })
          }
          assert.deepStrictEqual(seen, jobs.map((job) => job.payload.userId).toReversed())
        }))

      it.effect("gives 50 jobs when no limit is given, and 200 at most", () =>
        Effect.gen(function*() {
          yield* T.post(`${path}/batch`, { jobs: Array.from({ length: 250 }, () => ({ ...welcome, queue: "many" })) })
          assert.strictEqual(((yield* T.get(`${path}?queue=many`)).json as PageOfItems).items.length, 50)
          assert.strictEqual(((yield* T.get(`${path}?queue=many&limit=200`)).json as PageOfItems).items.length, 200)
          assert.strictEqual((yield* T.get(`${path}?queue=many&limit=201`)).status, 400)
        }))

      it.effect("refuses a damaged cursor", () =>
        Effect.gen(function*() {
          const { nextCursor } = (yield* T.get(`${path}?limit=1`)).json as PageOfItems
          const answer = yield* T.get(`${path}?cursor=${nextCursor}x`)
          assert.strictEqual(answer.status, 400)
          assert.deepInclude(T.errorOf(answer), { tag: "InvalidCursor", field: "cursor" })
        }))
    })

    layer(makeLayer(), { excludeTestServices: true })("steering", (it) => {
      it.effect("cancels, retries and deletes a waiting job", () =>
        Effect.gen(function*() {
          const id = yield* create({ ...welcome, delay: "1 hour" })
          const cancelled = yield* T.send("POST", `${path}/${id}/cancel`)
          assert.deepStrictEqual([cancelled.status, cancelled.json], [200, { id, from: "scheduled", to: "cancelled" }])
          const retried = yield* T.send("POST", `${path}/${id}/retry`)
          assert.deepStrictEqual([retried.status, retried.json], [200, { id, from: "cancelled", to: "available" }])
          const removed = yield* T.send("DELETE", `${path}/${id}`)
          assert.deepStrictEqual([removed.status, removed.text], [204, ""])
          assert.strictEqual((yield* T.get(`${path}/${id}`)).status, 404)
        }))

      it.effect("asks a running job to stop, and neither deletes nor retries it", () =>
        Effect.gen(function*() {
          const id = yield* create({ ...welcome, queue: "running" })
          yield* claim("running")
          const attempts = yield* T.get(`${path}/${id}/attempts`)
          assert.deepInclude((attempts.json as { readonly items: ReadonlyArray<object> }).items[0], {
            attempt: 1,
            outcome: "running",
            workerId: "w1",
            finishedAt: null,
            error: null
          })
          const removed = yield* T.send("DELETE", `${path}/${id}`)
          assert.strictEqual(removed.status, 409)
          assert.deepInclude(T.errorOf(removed), { tag: "IllegalTransition", jobId: id })
          assert.strictEqual((yield* T.send("POST", `${path}/${id}/retry`)).status, 409)
          const cancelled = yield* T.send("POST", `${path}/${id}/cancel`)
          assert.deepStrictEqual([cancelled.status, cancelled.json], [200, { id, from: "running", to: "requested" }])
        }))

      it.effect("promotes a job that waits for its time, and no other", () =>
        Effect.gen(function*() {
          const id = yield* create({ ...welcome, delay: "1 hour" })
          const promoted = yield* T.send("POST", `${path}/${id}/promote`)
          assert.deepStrictEqual([promoted.status, promoted.json], [200, { id, from: "scheduled", to: "available" }])
          const again = yield* T.send("POST", `${path}/${id}/promote`)
          assert.strictEqual(again.status, 409)
          assert.deepInclude(T.errorOf(again), { tag: "IllegalTransition", jobId: id })
          yield* T.send("POST", `${path}/${id}/cancel`)
          assert.strictEqual((yield* T.send("POST", `${path}/${id}/promote`)).status, 409)
          assert.deepInclude((yield* T.get(`${path}/${id}`)).json, { state: "cancelled" })
        }))

      it.effect("changes a job that waits, and answers it as it is now", () =>
        Effect.gen(function*() {
          const id = yield* create({ ...welcome, delay: "1 hour", tags: ["old"] })
          const changed = yield* T.sendJson("PATCH", `${path}/${id}`, {
            priority: "urgent",
            runAt: "2030-01-01T00:00:00Z",
            tags: ["new"]
          })
          assert.strictEqual(changed.status, 200)
          const now = { id, state: "scheduled", priority: 10, runAt: "2030-01-01T00:00:00.000Z", tags: ["new"] }
          assert.deepInclude(changed.json, now)
          assert.deepInclude((yield* T.get(`${path}/${id}`)).json, now)
          const ready = yield* create(welcome)
          const putOff = yield* T.sendJson("PATCH", `${path}/${ready}`, { delay: "1 hour" })
          assert.deepInclude(putOff.json, { id: ready, state: "scheduled", priority: 50 })
        }))

      it.effect("refuses to change what ended, what is not there, and what can not be", () =>
        Effect.gen(function*() {
          const id = yield* create({ ...welcome, delay: "1 hour" })
          const patch = (id: string, body: unknown) => T.sendJson("PATCH", `${path}/${id}`, body)
          const both = yield* patch(id, { delay: "1 hour", runAt: "2030-01-01T00:00:00Z" })
          assert.deepStrictEqual([both.status, T.errorOf(both).field], [400, "delay"])
          const wrong = yield* patch(id, { queue: "other" })
          assert.deepStrictEqual([wrong.status, T.errorOf(wrong).field], [400, "queue"])
          assert.strictEqual((yield* patch(id, {})).status, 400)
          yield* T.send("POST", `${path}/${id}/cancel`)
          const late = yield* patch(id, { priority: 1 })
          assert.strictEqual(late.status, 409)
          assert.deepInclude(T.errorOf(late), { tag: "IllegalTransition", jobId: id })
          assert.strictEqual((yield* patch("900000000", { priority: 1 })).status, 404)
        }))

      it.effect("explains why a job does not run, and lists what its handler wrote", () =>
        Effect.gen(function*() {
          const id = yield* create({ ...welcome, queue: "explained", delay: "1 hour" })
          const explained = yield* T.get(`${path}/${id}/explain`)
          assert.strictEqual(explained.status, 200)
          const { reasons, state } = explained.json as {
            readonly state: string
            readonly reasons: ReadonlyArray<{ readonly tag: string; readonly text: string }>
          }
          assert.strictEqual(state, "scheduled")
          assert.includeMembers(reasons.map((reason) => reason.tag), ["ScheduledUntil", "NoWorker"])
          assert.match(reasons.find(({ tag }) => tag === "ScheduledUntil")?.text ?? "", /^it is due at \d{4}-/)
          yield* T.send("POST", "/api/v1/queues/explained/pause")
          const paused = yield* T.get(`${path}/${id}/explain`)
          assert.match(
            paused.text,
            /"tag":"Paused","text":"the queue explained is paused since [^"]*","what":"queue","key":"explained"/
          )
          const logs = yield* T.get(`${path}/${id}/logs`)
          assert.deepStrictEqual([logs.status, logs.json], [200, { items: [], nextCursor: null }])
        }))

      it.effect("refuses to cancel twice", () =>
        Effect.gen(function*() {
          const id = yield* create(welcome)
          yield* T.send("POST", `${path}/${id}/cancel`)
          const again = yield* T.send("POST", `${path}/${id}/cancel`)
          assert.strictEqual(again.status, 409)
          assert.deepInclude(T.errorOf(again), { tag: "IllegalTransition", jobId: id })
        }))

      it.effect("does not know a job that is not there, whatever is asked of it", () =>
        Effect.gen(function*() {
          const asked = [
            ["GET", `${path}/999999`],
            ["GET", `${path}/999999/attempts`],
            ["GET", `${path}/999999/explain`],
            ["GET", `${path}/999999/logs`],
            ["POST", `${path}/999999/cancel`],
            ["POST", `${path}/999999/retry`],
            ["POST", `${path}/999999/promote`],
            ["DELETE", `${path}/999999`]
          ] as const
          for (const [method, url] of asked) {
            const answer = yield* T.send(method, url)
            assert.strictEqual(answer.status, 404, `${method} ${url}`)
            assert.deepInclude(T.errorOf(answer), { tag: "JobNotFound", jobId: "999999" })
          }
        }))

      it.effect("lets one of many concurrent deletes win", () =>
        Effect.gen(function*() {
          const id = yield* create(welcome)
          const answers = yield* Effect.all(
            Array.from({ length: 10 }, () => T.send("DELETE", `${path}/${id}`)),
            { concurrency: "unbounded" }
          )
          const statuses = answers.map((answer) => answer.status).toSorted((a, b) => a - b)
          assert.deepStrictEqual(statuses, [204, ...Array.from({ length: 9 }, () => 404)])
        }))
    })

    layer(makeLayer(), { excludeTestServices: true })("the typed client", (it) => {
      it.effect("creates, lists, reads, steers and deletes", () =>
        Effect.gen(function*() {
          const { baseUrl } = yield* T.ServerUnderTest
          const client = yield* ApiClient.make({ baseUrl })
          const { id, outcome } = yield* client.jobs.create({
            payload: { name: "SendWelcome", payload: { userId: "u1" }, tenant: "t1", delay: "2 hours", priority: "low" }
          })
          assert.strictEqual(outcome, "enqueued")
          const batch = yield* client.jobs.createBatch({ payload: { jobs: [{ name: "Echo", payload: [1] }] } })
          assert.strictEqual(batch.jobs.length, 1)
          const page = yield* client.jobs.list({
            query: { state: ["scheduled"], tenant: ["t1"], payload: { userId: "u1" } }
          })
          assert.deepStrictEqual(page.items.map((item) => item.id), [id])
          const job = yield* client.jobs.get({ params: { id } })
          assert.deepInclude(job, { tenant: "t1", priority: 70, state: "scheduled" })
          assert.deepStrictEqual(yield* client.jobs.attempts({ params: { id } }), { items: [], nextCursor: null })
          assert.deepInclude(yield* client.jobs.cancel({ params: { id } }), { to: "cancelled" })
          assert.deepInclude(yield* client.jobs.retry({ params: { id } }), { to: "available" })
          yield* client.jobs.remove({ params: { id } })
          const missing = yield* Effect.flip(client.jobs.get({ params: { id } }))
          assert.strictEqual(missing._tag, "JobNotFound")
          const types = yield* client.jobs.types()
          assert.deepStrictEqual(types.items.map((type) => type.name), ["Echo", "SendWelcome"])
          assert.strictEqual((yield* client.health()).status, "ok")
          assert.strictEqual((yield* client.ready()).status, "ready")
        }).pipe(Effect.provide(FetchHttpClient.layer)))
    })
  })
}
