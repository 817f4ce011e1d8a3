import { assert, layer } from "@effect/vitest"
import { TestDatabase } from "@millrace/postgres-embedded"
import { Effect, Redacted, Schema } from "effect"
import { readFileSync } from "node:fs"
import * as Example from "./support/Example.ts"
import * as Program from "./support/Program.ts"

/** The curl lines of the example: this test needs no curl. */
const requests = readFileSync(`${Example.root}/examples/http-api.sh`, "utf8").split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))

const curl =
  /^curl -sS (?:-X (?<method>[A-Z]+) )?'?localhost:4080(?<path>[^\s']+)'?(?: -H '(?<header>content-type): (?<type>[\w/]+)' -d '(?<body>.+)')?$/

const send = (base: string, line: string, job: string) =>
  Effect.promise(async () => {
    const { body, header, method, path, type } = curl.exec(line)?.groups ?? assert.fail(`not understood: ${line}`)
    const response = await fetch(`${base}${path?.replace("$JOB", job)}`, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      ...(body === undefined ? {} : { body, headers: { [header ?? ""]: type ?? "" } })
    })
    return { line, status: response.status, text: await response.text() }
  })

const Answer = Schema.fromJsonString(Schema.Struct({ id: Schema.optionalKey(Schema.String) }))

layer(TestDatabase.layer, { excludeTestServices: true })("the curl lines of examples/http-api.sh", (it) => {
  it.effect("are answered by a server", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const server = yield* Program.start("apps/server/src/main.ts", [], {
        DATABASE_URL: Redacted.value(url),
        MILLRACE_PORT: "0"
      })
      yield* server.line(/Migrated/)
      const [, base = ""] = yield* server.line(/Millrace API on (http:\/\/[\d.]+:\d+)/)
      let job = ""
      const statuses: Array<number> = []
      for (const line of requests) {
        const { status, text } = yield* send(base, line, job)
        statuses.push(status)
        if (status === 201) job = Schema.decodeUnknownSync(Answer)(text).id ?? ""
      }
      assert.deepStrictEqual(statuses, [200, 201, 200, 200, 200, 200, 200, 204])
      assert.strictEqual(yield* server.stop, 0)
    }), 60_000)
})
