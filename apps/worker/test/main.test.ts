import * as NodeServices from "@effect/platform-node/NodeServices"
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it, layer } from "@effect/vitest"
import * as TestDatabase from "@millrace/postgres-embedded/TestDatabase"
import * as Queue from "@millrace/queue/Queue"
import * as PgStorage from "@millrace/storage-postgres/PgStorage"
import { Effect, FileSystem, Layer, Redacted, Schedule } from "effect"
import { AwaitFile, Flaky, Greet } from "./fixtures/jobs.ts"
import * as SilentDatabase from "./support/SilentDatabase.ts"
import { run, start } from "./support/workerProcess.ts"

const fixture = (name: string) => new URL(`fixtures/${name}`, import.meta.url).pathname

const nowhere = { DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" }

const assertRefuses = Effect.fnUntraced(function*(
  flags: ReadonlyArray<string>,
  environment: { readonly [variable: string]: string },
  message: RegExp
) {
  const { code, errors } = yield* run(flags, environment)
  assert.strictEqual(code, 1)
  assert.match(errors, message)
  assert.notMatch(errors, /^ {4}at /m)
})

describe("millrace-worker before it starts", () => {
  it.live("explains its flags and their variables", () =>
    Effect.gen(function*() {
      const { code, output } = yield* run(["--help"])
      assert.strictEqual(code, 0)
      for (const word of ["--jobs", "--queue", "--concurrency", "--grace", "MILLRACE_QUEUES", "DATABASE_URL"]) {
        assert.include(output, word)
      }
    }))

  it.live("names a flag that it does not know", () => assertRefuses(["--nope"], nowhere, /Unrecognized flag: --nope/))

  it.live("says what a flag and a variable may be", () =>
    Effect.gen(function*() {
      yield* assertRefuses(["--concurrency", "0"], nowhere, /--concurrency: "0".*whole number from 1 to 10000/)
      const lease = { ...nowhere, MILLRACE_LEASE: "1 milli" }
      yield* assertRefuses([], lease, /MILLRACE_LEASE is wrong: must be from 1 second/)
    }))

  it.live("says why a module can not be used", () =>
    assertRefuses(["--jobs", "./absent.ts"], nowhere, /jobs module \.\/absent\.ts .*there is no file/))

  it.live("waits for a database that is away, says so, and stops when asked", () =>
    Effect.gen(function*() {
      const worker = yield* start(["--log-format", "json"], nowhere)
      const line = yield* worker.line(/waiting for the database/)
      assert.include(line, "ECONNREFUSED")
      yield* worker.signal("SIGTERM")
      assert.strictEqual((yield* worker.ended).code, 0)
    }))

  it.live("gives a connection no more time to open than it is told", () =>
    Effect.gen(function*() {
      const silent = yield* SilentDatabase.listen
      const worker = yield* start([], { DATABASE_URL: silent.url, MILLRACE_DATABASE_CONNECT_TIMEOUT: "100 millis" })
      yield* worker.line(/waiting for the database: .*Connection timed out/)
      // Unless it is told, it is 5 seconds. A busy machine may be late now and then, not always.
      yield* Effect.repeat(Effect.sync(silent.lasted), {
        until: (lasted) => lasted.some((millis) => millis < 3000),
        schedule: Schedule.spaced("50 millis")
      })
    }), 60_000)
})

const Database = Layer.provideMerge(Layer.provideMerge(Queue.layer, PgStorage.layerMigrated()), TestDatabase.layer)

layer(Layer.merge(Database, NodeServices.layer), { excludeTestServices: true })("millrace-worker", (it) => {
  const startWorker = Effect.fnUntraced(function*(flags: ReadonlyArray<string> = []) {
    const { url } = yield* TestDatabase.TestDatabase
    const worker = yield* start(["--log-format", "logfmt", "--jobs", fixture("jobs.ts"), ...flags], {
      DATABASE_URL: Redacted.value(url)
    })
    yield* worker.line(/worker ready/)
    return worker
  })

  it.effect("serves the jobs of a module and the built-in ones, and logs what becomes of each", () =>
    Effect.gen(function*() {
      const worker = yield* startWorker()
      const ready = yield* worker.line(/worker ready/)
      assert.match(ready, /names=.*data-processing.*email-notification.*/)
      assert.match(ready, /queues=default concurrency=10/)
      yield* worker.line(/worker started/)
      assert.strictEqual(yield* Greet.execute({ name: "Ada" }), "Hello Ada")
      yield* worker.line(/job started.*name=Greet/)
      yield* worker.line(/job completed in \d+ ms.*name=Greet/)
      assert.strictEqual(yield* Flaky.execute({}), 2)
      yield* worker.line(/job failed with NotYet: attempt 1 came too early; retried at \d{4}-/)
    }))

  it.effect("tells of its database pool at the interval that it was told, and warns of one that is too small", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const worker = yield* start(["--log-format", "logfmt"], {
        DATABASE_URL: Redacted.value(url),
        MILLRACE_METRICS_INTERVAL: "50 millis",
        MILLRACE_DATABASE_CONNECTIONS: "1"
      })
      yield* worker.line(/database pool.*max=1 total=1/)
      yield* worker.line(/level=WARN.*database pool is too small: \d+ had to wait/)
    }))

  it.effect("keeps as many connections open as it is told", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const worker = yield* start(["--log-format", "logfmt"], {
        DATABASE_URL: Redacted.value(url),
        MILLRACE_METRICS_INTERVAL: "50 millis",
        MILLRACE_DATABASE_CONNECTIONS: "19",
        MILLRACE_DATABASE_MIN_CONNECTIONS: "17"
      })
      yield* worker.line(/database pool.*max=19 total=1[789]/)
    }), 30_000)

  it.effect("closes connections that nobody used for as long as it is told", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const sql = yield* PgClient.PgClient
      const [begin] = yield* sql<{ at: string }>`select clock_timestamp()::text as at`
      const worker = yield* start([], {
        DATABASE_URL: Redacted.value(url),
        MILLRACE_DATABASE_CONNECTIONS: "3",
        MILLRACE_DATABASE_IDLE_TIMEOUT: "50 millis"
      })
      yield* worker.line(/worker ready/)
      // Those that it opens anew: with the minute that is the default, a pool of three has no more than three.
      const seen = new Set<number>()
      const look = Effect.map(
        sql<{ pid: number }>`select pid from pg_stat_activity
          where application_name = 'millrace-worker' and datname = current_database()
            and backend_start > ${begin?.at}::timestamptz`,
        (rows) => {
          for (const { pid } of rows) seen.add(pid)
          return seen.size
        }
      )
      yield* Effect.repeat(look, { until: (count) => count > 8, schedule: Schedule.spaced("20 millis") })
    }), 60_000)

  it.effect("takes more slots between its bounds while jobs wait, and shows them in the registry", () =>
    Effect.gen(function*() {
      const worker = yield* startWorker(["--concurrency", "1-3", "--no-builtin"])
      assert.match(yield* worker.line(/worker ready/), /concurrency=1-3/)
      const made = yield* AwaitFile.enqueueAll(
        Array.from({ length: 5 }, () => ({ payload: { file: "/nowhere/to/be/found" } }))
      )
      const queue = yield* Queue.Queue
      const running = Effect.map(queue.list({ states: ["running"], limit: 10 }), ({ items }) => items.length)
      yield* Effect.repeat(running, { until: (count) => count === 3, schedule: Schedule.spaced("50 millis") })
      yield* Effect.repeat(queue.overview, {
        until: ({ workers }) => workers.some(({ info }) => info.concurrency === 3),
        schedule: Schedule.spaced("50 millis")
      })
      yield* Effect.forEach(made, ({ id }) => queue.cancel(id))
    }))

  it.effect("ends jobs that say nothing by the time-out and the retry strategy of its settings", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const worker = yield* start(["--log-format", "logfmt", "--jobs", fixture("jobs.ts")], {
        DATABASE_URL: Redacted.value(url),
        MILLRACE_TIMEOUT: "50 millis",
        MILLRACE_RETRY: "none"
      })
      yield* worker.line(/worker ready/)
      const { id } = yield* AwaitFile.enqueue({ file: "/nowhere/to/be/found" })
      yield* worker.line(/job is dead .*Timeout: The attempt took longer than 50 ms/)
      const job = yield* Queue.Queue.use((queue) => queue.awaitFinished(id))
      assert.deepStrictEqual([job.state, job.failures], ["dead", 1])
    }))

  it.effect("drops lines of the server's audit that were kept long enough", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* sql.unsafe(`insert into millrace.audit (at, actor, action, targets, detail)
        values (now() - interval '80 days', 'k', 'jobs.create', '{}', '{}'), (now(), 'k', 'jobs.create', '{}', '{}')`)
      yield* startWorker()
      const queue = yield* Queue.Queue
      const payload = { finishedMillis: 86_400_000, deadMillis: 86_400_000, auditMillis: 79 * 86_400_000 }
      const { id } = yield* queue.enqueueEncoded({ name: "millrace-clean-up", queue: "millrace", payload })
      assert.deepInclude((yield* queue.awaitFinished(id)).result, { audit: 1 })
      assert.lengthOf(yield* sql.unsafe("select from millrace.audit"), 1)
    }))

  it.effect("lets a running job end when it is told to stop, and exits with 0", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = `${yield* fs.makeTempDirectoryScoped()}/go`
      const worker = yield* startWorker()
      const { id } = yield* AwaitFile.enqueue({ file })
      yield* worker.line(/job started.*name=AwaitFile/)
      yield* worker.signal("SIGTERM")
      yield* worker.line(/stopping: claiming no more jobs.*running=1/)
      yield* fs.writeFileString(file, "")
      assert.strictEqual((yield* worker.ended).code, 0)
      const queue = yield* Queue.Queue
      assert.strictEqual((yield* queue.get(id)).state, "completed")
    }))

  it.effect("gives a job back that does not end within the grace, and exits with 0", () =>
    Effect.gen(function*() {
      const worker = yield* startWorker(["--grace", "50 millis"])
      const { id } = yield* AwaitFile.enqueue({ file: "/nowhere/to/be/found" })
      yield* worker.line(/job started.*name=AwaitFile/)
      yield* worker.signal("SIGINT")
      assert.strictEqual((yield* worker.ended).code, 0)
      const queue = yield* Queue.Queue
      const job = yield* queue.get(id)
      assert.deepStrictEqual([job.state, job.failures], ["available", 0])
      yield* queue.cancel(id)
    }))

  it.effect("exits at once with 130 at a second signal", () =>
    Effect.gen(function*() {
      const worker = yield* startWorker()
      const { id } = yield* AwaitFile.enqueue({ file: "/nowhere/to/be/found" })
      yield* worker.line(/job started.*name=AwaitFile/)
      yield* worker.signal("SIGTERM")
      yield* worker.line(/stopping: claiming no more jobs.*running=1/)
      yield* worker.signal("SIGTERM")
      assert.strictEqual((yield* worker.ended).code, 130)
      yield* Queue.Queue.use((queue) => queue.cancel(id))
    }))

  it.effect("says which service a layer of a module lacks", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      yield* assertRefuses(
        ["--jobs", fixture("needsService.ts")],
        { DATABASE_URL: Redacted.value(url) },
        /layer of the jobs modules can not be built: .*test\/Missing/
      )
    }))

  it.effect("refuses to run without any job", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      yield* assertRefuses(
        ["--no-builtin"],
        { DATABASE_URL: Redacted.value(url) },
        /There is no job to serve: name a module/
      )
    }))
})
