/**
 * Two servers and four workers on one database, each replaced in its turn while callers go on creating jobs.
 */
import { assert, layer } from "@effect/vitest"
import { EmbeddedPostgres } from "@millrace/postgres-embedded"
import { JobState } from "@millrace/storage"
import { Effect, Fiber } from "effect"
import * as Http from "node:http"
import { join } from "node:path"
import * as Harness from "../src/Harness.ts"
import * as JobClient from "../src/JobClient.ts"
import * as Ledger from "../src/Ledger.ts"
import * as TestFolder from "../src/TestFolder.ts"
import * as Wait from "../src/Wait.ts"

const serverCount = 2
const workerCount = 4
const callerCount = 3

/** A server behind a balancer that does not know yet that it goes down. */
interface Place {
  server: Harness.Server
  isGoingDown: boolean
}

/** The status and the body of an answer, or the code of the error of a connection that got none. */
type Answer = { readonly status: number; readonly body: string } | { readonly error: string }

/** Sends one request on a connection of its own. */
const post = (url: string, key: string, body: unknown) =>
  Effect.callback<Answer>((resume) => {
    const headers = { "content-type": "application/json", "idempotency-key": key }
    const request = Http.request(`${url}/api/v1/jobs`, { method: "POST", agent: false, headers }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (part: string) => void (text += part))
      response.on("end", () => resume(Effect.succeed({ status: response.statusCode ?? 0, body: text })))
    })
    request.on(
      "error",
      (error: NodeJS.ErrnoException) => resume(Effect.succeed({ error: error.code ?? error.message }))
    )
    request.end(JSON.stringify(body))
  })

interface Tally {
  readonly created: Set<string>
  readonly failures: Array<string>
  refused: number
}

/** Creates jobs one after the other, each at another server; a connection that is refused is tried elsewhere. */
const caller = Effect.fnUntraced(
  function*(places: ReadonlyArray<Place>, name: string, load: { stopped: boolean }, tally: Tally) {
    for (let n = 0; !load.stopped; n++) {
      for (let at = n;; at++) {
        const place = places[at % places.length] as Place
        const wasGoingDown = place.isGoingDown
        const answer = yield* post(place.server.url, `${name}-${n}`, { name: "nap", payload: { millis: 20 } })
        if ("status" in answer && answer.status === 201) {
          tally.created.add((JSON.parse(answer.body) as { readonly id: string }).id)
          break
        }
        const isRefused = "error" in answer && ["ECONNREFUSED", "ECONNRESET"].includes(answer.error)
        if (isRefused && (wasGoingDown || place.isGoingDown)) tally.refused += 1
        else tally.failures.push(JSON.stringify(answer))
        if (at - n > 200) return
      }
      yield* Effect.sleep("20 millis")
    }
  }
)

const database = EmbeddedPostgres.ephemeral({ durable: true })

layer(database, { excludeTestServices: true, timeout: "2 minutes" })("a rolling restart under load", (it) => {
  it.effect(
    "fails no request but those to a server that goes down, and runs every job once",
    () =>
      Effect.gen(function*() {
        const { url: database } = yield* EmbeddedPostgres.EmbeddedPostgres
        const ledger = join(yield* TestFolder.make, "ledger")
        const environment = { MILLRACE_JOBS: Harness.ledgerJobs, [Ledger.variable]: ledger }
        const startWorker = Effect.tap(
          Harness.startWorker({ database, environment }),
          (worker) => worker.printed(/worker ready/, "1 minute")
        )
        const startServer = Harness.startServer({ database, environment })
        const places: Array<Place> = []
        for (let at = 0; at < serverCount; at++) places.push({ server: yield* startServer, isGoingDown: false })
        const workers = yield* Effect.all(Array.from({ length: workerCount }, () => startWorker), { concurrency: 2 })

        const tally: Tally = { created: new Set(), failures: [], refused: 0 }
        const load = { stopped: false }
        const callers = yield* Effect.forkChild(
          Effect.forEach(
            Array.from({ length: callerCount }, (_, at) => `caller-${at}`),
            (name) => caller(places, name, load, tally),
            { concurrency: "unbounded" }
          )
        )
        const more = (count: number) => {
          const wanted = tally.created.size + count
          const size = Effect.sync(() => tally.created.size)
          return Wait.until("more jobs", "30 seconds", size, (found) => found >= wanted)
        }

        yield* more(50)
        for (const place of places) {
          place.isGoingDown = true
          yield* place.server.kill("SIGTERM")
          assert.deepStrictEqual(yield* place.server.exit, { code: 0, signal: null })
          yield* more(10)
          place.server = yield* startServer
          place.isGoingDown = false
          yield* more(10)
        }
        for (const worker of workers) {
          yield* worker.kill("SIGTERM")
          assert.deepStrictEqual(yield* worker.exit, { code: 0, signal: null })
          yield* startWorker
          yield* more(10)
        }
        load.stopped = true
        yield* Fiber.join(callers)

        assert.deepStrictEqual(tally.failures, [])
        const client = yield* JobClient.make((places[0] as Place).server.url)
        // Millrace's own upkeep has jobs too.
        const naps = (state: ReadonlyArray<JobState.JobState>) =>
          Effect.map(client.jobs.list({ query: { name: ["nap"], state, limit: 1 } }), ({ items }) => items)
        const unfinished = naps(JobState.states.filter((state) => !JobState.isTerminal(state)))
        yield* Wait.until("the last job", "60 seconds", unfinished, (items) => items.length === 0)
        assert.deepStrictEqual(yield* naps(["cancelled", "dead"]), [])
        const started = Ledger.read(ledger).filter(({ event }) => event === "start")
        assert.deepStrictEqual(started.map(({ id }) => id).toSorted(), [...tally.created].toSorted())
        assert.deepStrictEqual(started.filter(({ attempt }) => attempt !== 1), [])
      }),
    240_000
  )
})
