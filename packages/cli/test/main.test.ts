import { assert, describe, it, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Effect, Redacted } from "effect"
import { start } from "./support/PgTerminal.ts"

interface Finding {
  readonly check: string
  readonly status: string
}

describe("millrace", () => {
  it.live("tells its version and its commands", () =>
    Effect.gen(function*() {
      assert.include((yield* start(["--version"])).output, "0.1.0")
      const { code, output } = yield* start(["--help"])
      assert.strictEqual(code, 0)
      for (const name of ["enqueue", "jobs", "schedules", "limits", "migrate", "doctor", "top", "dev", "completions"]) {
        assert.include(output, name)
      }
    }), 60_000)

  it.live("hands over to the programs, with their own flags", () =>
    Effect.gen(function*() {
      const worker = yield* start(["worker", "--help"])
      assert.strictEqual(worker.code, 0)
      assert.include(worker.output, "--concurrency")
      const server = yield* start(["server", "--help"])
      assert.include(server.output, "millrace-server")
      const wrong = yield* start(["worker", "--nope"])
      assert.strictEqual(wrong.code, 1)
      assert.include(wrong.errors, "--nope")
    }), 120_000)

  it.live("ends with 2 for wrong usage, and with 3 when nobody answers", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* start(["jobs", "list", "--nope"])).code, 2)
      assert.strictEqual((yield* start(["migrate", "status"])).code, 2)
      assert.strictEqual((yield* start(["stats", "--url", "http://127.0.0.1:1"])).code, 3)
      const away = yield* start(["migrate", "status"], { DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" })
      assert.strictEqual(away.code, 3)
      assert.notMatch(away.errors, /^ {4}at /m)
    }), 120_000)

  layer(TestDatabase.layer, { excludeTestServices: true, timeout: 120_000 })("on a PostgreSQL", (it) => {
    it.effect("migrates up and down, examines and measures", () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase.TestDatabase
        const run = (...args: ReadonlyArray<string>) => start(args, { DATABASE_URL: Redacted.value(url) })
        const before = yield* run("doctor", "--json")
        assert.strictEqual(before.code, 1)
        const findings = (JSON.parse(before.output) as { readonly findings: ReadonlyArray<Finding> }).findings
        assert.deepInclude(findings.find(({ check }) => check === "migrations"), { status: "fail" })
        assert.include((yield* run("migrate", "plan")).output, "create table")
        assert.match((yield* run("migrate", "status")).output, /not applied/)
        assert.match((yield* run("migrate", "up")).output, /^applied /)
        assert.match((yield* run("migrate", "up")).output, /nothing to apply/)
        assert.match((yield* run("migrate", "plan")).output, /nothing to apply/)
        const after = yield* run("doctor")
        assert.strictEqual(after.code, 0, after.output + after.errors)
        for (const check of ["version", "role", "indexes", "bloat", "xmin age", "pooler", "clock"]) {
          assert.match(after.output, new RegExp(`^(?:ok|warn) +${check} `, "m"))
        }
        assert.match(after.output, /notifications arrive/)
        const refused = yield* run("migrate", "down", "--to", "0")
        assert.strictEqual(refused.code, 2)
        assert.include(refused.errors, "--yes")
        assert.match((yield* run("migrate", "down", "--to", "0", "--yes")).output, /^took back /)
        assert.match((yield* run("migrate", "status")).output, /not applied/)
      }), 240_000)

    it.effect("measures in a schema of its own, and leaves nothing behind", () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase.TestDatabase
        const variables = { DATABASE_URL: Redacted.value(url) }
        const bench = yield* start(["bench", "--jobs", "200", "--samples", "5", "--json"], variables)
        assert.strictEqual(bench.code, 0, bench.errors)
        const measured = JSON.parse(bench.output) as Record<string, number>
        assert.strictEqual(measured["jobs"], 200)
        assert.isAbove(measured["enqueuePerSecond"] ?? 0, 0)
        assert.isAbove(measured["runPerSecond"] ?? 0, 0)
      }), 120_000)
  })
})
