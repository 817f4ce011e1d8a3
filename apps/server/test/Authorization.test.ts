import { assert, describe, layer } from "@effect/vitest"
import { Access, Api } from "@millrace/api"
import { Queue } from "@millrace/queue"
import { JobId, ServiceStorage } from "@millrace/storage"
import { Context, Duration, Effect } from "effect"
import { HttpApi } from "effect/http-api"
import * as Keys from "./support/Keys.ts"
import * as T from "./support/ServerUnderTest.ts"

interface Endpoint {
  readonly method: string
  readonly path: string
  readonly scope: Access.Scope | "public"
  readonly reach: "everything" | "queues" | "jobs"
}

const endpoints: Array<Endpoint> = []
HttpApi.reflect(Api.Api, {
  onGroup: () => {},
  onEndpoint: ({ endpoint, mergedAnnotations }) => {
    // No API key opens the drain: it has a secret of its own, and DrainHandlers.test.ts asks for it.
    if (endpoint.identifier === "drain") return
    endpoints.push({
      method: endpoint.method,
      path: endpoint.path.replaceAll(/:([a-zA-Z]+)/g, "4242"),
      scope: Context.get(mergedAnnotations, Access.NeededScope),
      reach: Context.get(mergedAnnotations, Access.Reach)
    })
  }
})

/** Asks for a secret of its own instead of a key. */
const drain = "/api/v1/drain"

const jobs = "/api/v1/jobs"
const scopes = ["enqueue", "read", "operate", "admin"] as const
const closed = T.layer({ authentication: "keys", failuresPerMinute: 1_000_000 })

const idOf = ({ json }: T.Answer) => (json as { readonly id: string }).id

describe("Authorization", () => {
  layer(closed, { excludeTestServices: true, timeout: 60_000 })("F67: on every endpoint", (it) => {
    it.effect("lets nobody drain by his key alone", () =>
      Effect.gen(function*() {
        const admin = yield* Keys.create(["admin"])
        for (const key of [null, "nonsense", admin.text]) {
          assert.strictEqual(yield* Keys.statusOf(key, "POST", drain), 403)
        }
      }))

    for (const endpoint of endpoints.filter(({ path }) => path !== drain)) {
      const { method, path, reach, scope } = endpoint
      it.effect(`lets in whom it says: ${method} ${path} for ${scope}`, () =>
        Effect.gen(function*() {
          const { keys } = yield* ServiceStorage.ServiceStorage
          const good = yield* Keys.create(["admin"])
          const revoked = yield* Keys.create(["admin"])
          yield* keys.revoke(revoked.id)
          const expired = yield* Keys.create(["admin"], { expiresInMillis: 1 })
          yield* Effect.sleep(Duration.millis(5))
          const wrong = [
            null,
            "",
            "nonsense",
            revoked.text,
            expired.text,
            `mr_0000.${good.text.split(".")[1]}`,
            `mr_${good.id}.${"a".repeat(43)}`
          ]
          for (const key of wrong) {
            const status = yield* Keys.statusOf(key, method, path)
            if (scope === "public") assert.strictEqual(status, 200)
            else assert.strictEqual(status, 401, String(key))
          }
          for (const held of scopes) {
            const { text } = yield* Keys.create([held])
            const status = yield* Keys.statusOf(text, method, path)
            if (scope === "public" || Access.included[held].includes(scope)) assert.notInclude([401, 403], status, held)
            else assert.strictEqual(status, 403, held)
          }
          const ofTenant = yield* Keys.create(["admin"], { tenant: "acme" })
          const ofQueues = yield* Keys.create(["admin"], { queues: ["4242"] })
          const ofOthers = yield* Keys.create(["admin"], { queues: ["elsewhere"] })
          const isRefused = Effect.fnUntraced(function*(key: string) {
            return (yield* Keys.statusOf(key, method, path)) === 403
          })
          assert.strictEqual(yield* isRefused(ofTenant.text), scope !== "public" && reach !== "jobs")
          assert.strictEqual(yield* isRefused(ofQueues.text), scope !== "public" && reach === "everything")
          const hasQueue = path.includes("4242")
          assert.strictEqual(
            yield* isRefused(ofOthers.text),
            scope !== "public" && (reach === "everything" || (reach === "queues" && hasQueue))
          )
        }))
    }

    it.effect("answers 401 in the envelope, with WWW-Authenticate, before it reads the body", () =>
      Effect.gen(function*() {
        const answer = yield* T.send("POST", jobs, { body: "{", headers: { "content-type": "text/plain" } })
        assert.strictEqual(answer.status, 401)
        assert.deepInclude(T.errorOf(answer), { tag: "Unauthorized", field: "authorization" })
        assert.strictEqual(answer.headers.get("www-authenticate"), "Bearer")
      }))

    it.effect("says nothing of whether a path parameter or a job exists to who has no key", () =>
      Effect.gen(function*() {
        for (const path of ["/api/v1/jobs/1", "/api/v1/jobs/abc", "/api/v1/queues/x", "/api/v1/jobs?limit=zzz"]) {
          assert.strictEqual((yield* Keys.send(null, "GET", path)).status, 401)
        }
      }))
  })

  layer(closed, { excludeTestServices: true, timeout: 60_000 })("of one tenant", (it) => {
    it.effect("F67: does not show, list, change or remove the jobs of others: they are not there", () =>
      Effect.gen(function*() {
        const admin = yield* Keys.create(["admin"])
        const acme = yield* Keys.create(["operate", "enqueue"], { tenant: "acme" })
        const foreign = idOf(yield* Keys.send(admin.text, "POST", jobs, { name: "Echo", payload: 1, tenant: "other" }))
        const nobodys = idOf(yield* Keys.send(admin.text, "POST", jobs, { name: "Echo", payload: 1 }))
        const own = idOf(yield* Keys.send(acme.text, "POST", jobs, { name: "Echo", payload: 1 }))
        for (const id of [foreign, nobodys]) {
          for (
            const [method, path] of [
              ["GET", `${jobs}/${id}`],
              ["GET", `${jobs}/${id}/attempts`],
              ["GET", `${jobs}/${id}/events`],
              ["POST", `${jobs}/${id}/cancel`],
              ["POST", `${jobs}/${id}/retry`],
              ["POST", `${jobs}/${id}/promote`],
              ["DELETE", `${jobs}/${id}`]
            ] as const
          ) {
            const answer = yield* Keys.send(acme.text, method, path)
            assert.strictEqual(answer.status, 404, `${method} ${path}`)
            assert.strictEqual(T.errorOf(answer).tag, "JobNotFound")
          }
          assert.strictEqual((yield* Keys.send(admin.text, "GET", `${jobs}/${id}`)).status, 200)
        }
        const listed = Effect.fnUntraced(function*(query: string) {
          const { json } = yield* Keys.send(acme.text, "GET", `${jobs}?${query}`)
          return (json as { readonly items: ReadonlyArray<{ readonly id: string }> }).items.map(({ id }) => id)
        })
        assert.deepStrictEqual(yield* listed(""), [own])
        assert.deepStrictEqual(yield* listed("tenant=other"), [])
        assert.deepStrictEqual(yield* listed("tenant=other&tenant=acme"), [own])
        assert.deepStrictEqual(yield* listed("tenant="), [])
        assert.strictEqual((yield* Keys.send(acme.text, "POST", `${jobs}/${own}/cancel`)).status, 200)
      }))

    it.effect("F68: gives new jobs the tenant of the key, and refuses others named inside", () =>
      Effect.gen(function*() {
        const acme = yield* Keys.create(["enqueue"], { tenant: "acme" })
        const created = yield* Keys.send(acme.text, "POST", jobs, { name: "Echo", payload: { tenant: "other" } })
        const queue = yield* Queue.Queue
        assert.strictEqual((yield* queue.get(JobId.makeUnsafe(idOf(created)))).tenant, "acme")
        const before = (yield* queue.list({})).items.length
        const foreign = { name: "Echo", payload: 1, tenant: "other" }
        const own = { name: "Echo", payload: 1, tenant: "acme" }
        const one = yield* Keys.send(acme.text, "POST", jobs, foreign)
        assert.deepInclude(T.errorOf(one), { tag: "InvalidRequest", field: "tenant" })
        const many = yield* Keys.send(acme.text, "POST", `${jobs}/batch`, { jobs: [own, foreign] })
        assert.strictEqual(many.status, 400)
        assert.strictEqual((yield* queue.list({})).items.length, before)
      }))
  })

  layer(closed, { excludeTestServices: true, timeout: 60_000 })("of some queues", (it) => {
    it.effect("F67, F68: keeps to them: creating, reading, listing, pausing", () =>
      Effect.gen(function*() {
        const admin = yield* Keys.create(["admin"])
        const mail = yield* Keys.create(["operate", "enqueue"], { queues: ["mail*"] })
        const elsewhere = idOf(yield* Keys.send(admin.text, "POST", jobs, { name: "Echo", payload: 1, queue: "bills" }))
        // SendWelcome goes to the queue mail by its definition, Echo to default.
        const own = yield* Keys.send(mail.text, "POST", jobs, { name: "SendWelcome", payload: { userId: "u" } })
        assert.strictEqual(own.status, 201)
        assert.strictEqual((yield* Keys.send(mail.text, "POST", jobs, { name: "Echo", payload: 1 })).status, 400)
        assert.strictEqual(
          (yield* Keys.send(mail.text, "POST", jobs, { name: "Echo", payload: 1, queue: "mail-2" })).status,
          201
        )
        assert.strictEqual((yield* Keys.send(mail.text, "GET", `${jobs}/${elsewhere}`)).status, 404)
        const list = yield* Keys.send(mail.text, "GET", jobs)
        const queues = (list.json as { readonly items: ReadonlyArray<{ readonly queue: string }> }).items
        assert.sameMembers(queues.map(({ queue }) => queue), ["mail", "mail-2"])
        const overview = yield* Keys.send(mail.text, "GET", "/api/v1/queues")
        assert.notInclude(overview.text, "bills")
        assert.strictEqual((yield* Keys.send(mail.text, "POST", "/api/v1/queues/bills/pause")).status, 403)
        assert.strictEqual((yield* Keys.send(mail.text, "POST", "/api/v1/queues/mail/pause")).status, 200)
        const foreign = yield* Keys.send(mail.text, "GET", `${jobs}?queue=bills`)
        assert.deepStrictEqual(foreign.json, { items: [], nextCursor: null })
      }))
  })

  layer(T.layer({ requestsPerSecond: 1, requestBurst: 5, authentication: "keys", failuresPerMinute: 3 }), {
    excludeTestServices: true
  })("with limits", (it) => {
    it.effect("F76: answers 429 with the seconds to wait, and slows down who guesses", () =>
      Effect.gen(function*() {
        const key = yield* Keys.create(["read"])
        const guesses = yield* Effect.all(Array.from({ length: 5 }, () => Keys.send("mr_a.b", "GET", jobs)))
        assert.deepStrictEqual(guesses.map(({ status }) => status), [401, 401, 401, 429, 429])
        const first = guesses.find(({ status }) => status === 429)
        assert(first !== undefined, "nothing was refused")
        assert.strictEqual(T.errorOf(first).tag, "TooManyRequests")
        assert.isAtLeast(Number(first.headers.get("retry-after")), 1)
        assert.strictEqual((yield* Keys.send(key.text, "GET", jobs)).status, 429)
        assert.strictEqual((yield* Keys.send(null, "GET", "/health")).status, 200)
      }))
  })

  layer(closed, { excludeTestServices: true, timeout: 60_000 })("under load", (it) => {
    it.effect("F77: keeps 200 concurrent callers apart: each change has its own actor in the audit", () =>
      Effect.gen(function*() {
        const { audit } = yield* ServiceStorage.ServiceStorage
        const callers = yield* Effect.forEach(
          Array.from({ length: 200 }, (_, index) => `tenant-${index}`),
          (tenant) => Effect.map(Keys.create(["enqueue", "read"], { tenant }), (key) => ({ ...key, tenant }))
        )
        const made = yield* Effect.forEach(
          callers,
          ({ id, tenant, text }) =>
            Effect.map(
              Keys.send(text, "POST", jobs, { name: "Echo", payload: tenant }),
              (answer) => ({ actor: id, tenant, text, job: idOf(answer) })
            ),
          { concurrency: "unbounded" }
        )
        const queue = yield* Queue.Queue
        for (const { actor, job, tenant } of made) {
          const [line, ...others] = yield* audit.list({ limit: 2, target: job })
          assert.deepInclude(line, { actor, action: "jobs.create", targets: [job] })
          assert.isEmpty(others)
          assert.deepInclude(yield* queue.get(JobId.makeUnsafe(job)), { tenant, payload: tenant })
        }
        const seen = yield* Effect.forEach(
          made,
          ({ job, text }) =>
            Effect.map(Keys.send(text, "GET", jobs), ({ json }) => {
              const { items } = json as { readonly items: ReadonlyArray<{ readonly id: string }> }
              return items.length === 1 && items[0]?.id === job
            }),
          { concurrency: "unbounded" }
        )
        assert.isTrue(seen.every(Boolean))
      }))
  })
})
