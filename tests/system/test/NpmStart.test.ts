/**
 * What `npm start` promises, from the first start on an empty folder to the last process.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, describe, it } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { JobId } from "@millrace/storage"
import { Clock, DateTime, Effect, Redacted } from "effect"
import { execFile } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { promisify } from "node:util"
import * as Harness from "../src/Harness.ts"
import * as JobClient from "../src/JobClient.ts"
import * as Ledger from "../src/Ledger.ts"
import * as ProcessTable from "../src/ProcessTable.ts"
import * as Promised from "../src/Promised.ts"
import * as TestFolder from "../src/TestFolder.ts"
import * as Wait from "../src/Wait.ts"

const shell = (line: string) =>
  Effect.map(Effect.promise(() => promisify(execFile)("sh", ["-c", line])), ({ stdout }) => stdout)

/** Pastes the printed line, and waits for the job. */
const paste = Effect.fnUntraced(function*(dev: Harness.Dev) {
  const client = yield* JobClient.make(dev.url)
  const answer: { readonly id: string } = JSON.parse(yield* shell(dev.curl))
  const id = JobId.makeUnsafe(answer.id)
  const job = yield* JobClient.inState(client, id, ["completed", "dead", "cancelled"], "20 seconds")
  const attempts = yield* client.jobs.attempts({ params: { id } })
  return { client, id, job, attempts: attempts.items }
})

const nothingLeft = (folder: string) =>
  Wait.until(
    "the end of all processes",
    "20 seconds",
    Effect.sync(() => ProcessTable.processesOf(folder)),
    (left) => left.length === 0
  )

/** Stops a run with a signal; the answer is how, and in how many milliseconds. */
const stop = Effect.fnUntraced(function*(dev: Harness.Proc, signal: NodeJS.Signals) {
  const from = yield* Clock.currentTimeMillis
  yield* dev.kill(signal)
  const exit = yield* dev.exit
  return { exit, tookMillis: (yield* Clock.currentTimeMillis) - from }
})

type Client = Effect.Success<ReturnType<typeof JobClient.make>>

/** Enqueues a job that never ends, and waits until its handler runs: it may be claimed for longer. */
const hold = Effect.fnUntraced(function*(client: Client, ledger: string) {
  const id = yield* JobClient.create(client, "hold", {})
  const starts = Effect.sync(() => Ledger.read(ledger).filter((entry) => entry.id === id && entry.event === "start"))
  yield* Wait.until("the start of a job", "30 seconds", starts, ({ length }) => length > 0)
})

const postgresPid = (folder: string): number =>
  Number(readFileSync(join(folder, "postgres", "data", "postmaster.pid"), "utf8").split("\n")[0])

const checkPasted = Effect.fnUntraced(function*(dev: Harness.Dev) {
  const { attempts, id, job } = yield* paste(dev)
  assert.strictEqual(job.state, "completed")
  assert.deepInclude(job.result, { counts: { read: 3, written: 2, failed: 1 } })
  assert.deepStrictEqual(attempts.map(({ attempt, outcome }) => [attempt, outcome]), [[1, "completed"]])
  const millis = job.finishedAt === null ? Number.NaN : DateTime.distance(job.createdAt, job.finishedAt)
  console.info(`the pasted job was completed after ${String(millis)}`)
  return id
})

const checkSupervised = Effect.fnUntraced(function*(dev: Harness.Dev, folder: string) {
  const database = postgresPid(folder)
  for (const pid of [dev.server, dev.worker, database]) yield* ProcessTable.signal(pid, "SIGKILL")
  yield* dev.printed(/the server ended \(signal SIGKILL\); starting it again/, "20 seconds")
  yield* dev.printed(/the worker ended \(signal SIGKILL\); starting it again/, "20 seconds")
  yield* dev.printed(/PostgreSQL ended; starting it again/, "20 seconds")
  const ready = Effect.promise(() => fetch(`${dev.url}/ready`).then(({ status }) => status, () => 0))
  yield* Wait.until("a ready server", "1 minute", ready, (status) => status === 200)
  assert.notStrictEqual(postgresPid(folder), database)
  const { job } = yield* paste(dev)
  assert.strictEqual(job.state, "completed")
})

const checkSecondStart = Effect.fnUntraced(function*(dev: Harness.Dev, dataFolder: string) {
  const second = yield* Harness.launchDev({ dataFolder })
  assert.deepInclude(yield* second.exit, { code: 1 })
  assert.include(second.output(), `Millrace already runs from ${dataFolder}: process ${dev.pid} on ${dev.url}`)
})

describe("npm start", () => {
  it.live("runs, completes the printed job, stops, and starts again on the same data", () =>
    Effect.gen(function*() {
      const dataFolder = yield* TestFolder.make
      const ledger = join(yield* TestFolder.make, "ledger")
      const environment = {
        MILLRACE_JOBS: Harness.ledgerJobs,
        [Ledger.variable]: ledger
      }
      const first = yield* Harness.startDev({ dataFolder, environment })
      const id = yield* checkPasted(first)
      yield* checkSecondStart(first, dataFolder)
      yield* checkSupervised(first, dataFolder)

      // A job that never ends holds the stop up no longer than the worker's grace.
      const client = yield* JobClient.make(first.url)
      yield* hold(client, ledger)
      const orderly = yield* stop(first, "SIGTERM")
      assert.strictEqual(orderly.exit.code, 0)
      Promised.within("an orderly stop", orderly.tookMillis, 10_000)
      assert.deepStrictEqual(ProcessTable.processesOf(dataFolder), [])
      assert.deepStrictEqual(Ledger.read(ledger).map(({ event }) => event), ["start", "finalizer"])

      const second = yield* Harness.startDev({ dataFolder, environment })
      const again = yield* JobClient.make(second.url)
      assert.strictEqual((yield* again.jobs.get({ params: { id } })).state, "completed")
      yield* hold(again, ledger)
      yield* second.kill("SIGINT")
      yield* second.printed(/stopping \(SIGINT\)/, "5 seconds")
      // A second Ctrl-C: another one than the first, by the clock.
      yield* Effect.sleep("1100 millis")
      const urgent = yield* stop(second, "SIGINT")
      assert.strictEqual(urgent.exit.code, 130)
      Promised.within("a stop at once", urgent.tookMillis, 5_000)
      yield* nothingLeft(dataFolder)
    }), 150_000)

  it.live("leaves no process behind when it is killed, or when npm is", () =>
    Effect.gen(function*() {
      const dataFolder = yield* TestFolder.make
      const killed = yield* Harness.startDev({ dataFolder })
      yield* stop(killed, "SIGKILL")
      yield* nothingLeft(dataFolder)

      // npm starts it by a shell that a signal kills, and the signal goes no further.
      const npm = yield* Harness.launchDev({ dataFolder, environment: { npm_lifecycle_event: "start" }, byShell: true })
      const dev = yield* Harness.awaitBanner(npm)
      yield* stop(npm, "SIGTERM")
      yield* nothingLeft(dataFolder)
      assert.include(dev.output(), "stopping (npm has ended)")
    }), 150_000)

  it.live("uses a database of one's own, and leaves it running", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const dataFolder = yield* TestFolder.make
      const dev = yield* Harness.startDev({ dataFolder, environment: { DATABASE_URL: Redacted.value(url) } })
      assert.notInclude(dev.output(), new URL(Redacted.value(url)).password)
      assert.strictEqual((yield* paste(dev)).job.state, "completed")
      const { exit, tookMillis } = yield* stop(dev, "SIGINT")
      assert.strictEqual(exit.code, 0)
      Promised.within("a stop", tookMillis, 10_000)
      assert.deepStrictEqual(ProcessTable.processesOf(dataFolder), [])
      assert.notInclude(readdirSync(dataFolder), "postgres")
      const client = yield* PgClient.PgClient
      assert.strictEqual((yield* client`select 1 as one`).length, 1)
    }).pipe(Effect.provide(TestDatabase.layer)), 150_000)

  it.live("says what it can not start with", () =>
    Effect.gen(function*() {
      const dataFolder = yield* TestFolder.make
      const taken = createServer()
      yield* Effect.callback<void>((resume) => void taken.listen(0, "127.0.0.1", () => resume(Effect.void)))
      const { port } = taken.address() as AddressInfo
      const cases = [
        [{ MILLRACE_PORT: String(port) }, `Port ${port} on 127.0.0.1 is taken`],
        [{ MILLRACE_PORT: "http" }, "MILLRACE_PORT is \"http\". Allowed is a port number from 1 to 65535"],
        [
          { DATABASE_URL: "postgres://u:secret@127.0.0.1:9/x" },
          "The database postgres://u@127.0.0.1:9/x can not be used"
        ]
      ] as const
      const outputs = yield* Effect.forEach(cases, ([environment, message], at) =>
        Effect.gen(function*() {
          const dev = yield* Harness.launchDev({ dataFolder: join(dataFolder, String(at)), environment })
          assert.deepInclude(yield* dev.exit, { code: 1 })
          assert.include(dev.output(), message)
          return dev.output()
        }), { concurrency: "unbounded" })
      taken.close()
      assert.notInclude(outputs.join(), "secret")
      assert.notMatch(outputs.join(), /\n\s+at /)
      assert.deepStrictEqual(ProcessTable.processesOf(dataFolder), [])
    }), 60_000)
})
