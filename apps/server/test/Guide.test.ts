import { assert, describe, layer } from "@effect/vitest"
import { BuiltinJobs } from "@millrace/jobs"
import {
  ConnectionPool,
  MemorySampleStorage,
  MemoryScheduleStorage,
  MemoryServiceStorage,
  MemoryStorage
} from "@millrace/storage"
import { Effect, Layer, Logger } from "effect"
import { HttpServer } from "effect/http"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import * as Server from "../src/Server.ts"
import * as ServerConfig from "../src/ServerConfig.ts"
import * as T from "./support/ServerUnderTest.ts"

const guide = NodeFs.readFileSync(NodePath.resolve(import.meta.dirname, "../../../docs/guides/http-api.md"), "utf8")

/** The curl lines of the guide, each with the answer that the line below it promises. */
const steps = [...guide.matchAll(/^(curl .*)\n# (\d{3})(?: (.*))?$/gm)].map(([, line = "", status, body = ""]) => ({
  line,
  status: Number(status),
  body
}))

/** The words of a shell line without variables: bare, or in single quotes. */
const wordsOf = (line: string): ReadonlyArray<string> =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "")

/** Does what curl would do with these words. */
const curl = Effect.fnUntraced(function*(words: ReadonlyArray<string>) {
  const valuesOf = (...flags: ReadonlyArray<string>) =>
    words.filter((_, index) => flags.includes(words[index - 1] ?? ""))
  const url = new URL(words.find((word) => word.startsWith("http://")) ?? "")
  for (const pair of valuesOf("--data-urlencode")) {
    const at = pair.indexOf("=")
    url.searchParams.append(pair.slice(0, at), pair.slice(at + 1))
  }
  const [body] = valuesOf("-d")
  const headers = valuesOf("-H").map((header): [string, string] => {
    const [name = "", value = ""] = header.split(": ")
    return [name, value]
  })
  const method = valuesOf("-X")[0] ?? (body === undefined ? "GET" : "POST")
  return yield* T.send(method, url.pathname + url.search, body === undefined ? {} : { body, headers })
})

/** What the guide promises, with `…` and the uptime left open. */
const patternOf = (body: string): RegExp =>
  new RegExp(
    `^${
      body.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("…", ".*").replace(
        /"uptimeSeconds":\d+/,
        `"uptimeSeconds":\\d+`
      )
    }$`
  )

const served = Layer.effect(
  T.ServerUnderTest,
  Effect.map(HttpServer.HttpServer, ({ address }) => {
    const port = address._tag === "UnixPathAddress" ? 0 : address.port
    return { port, baseUrl: `http://127.0.0.1:${port}` }
  })
).pipe(
  Layer.provide(Server.layer({
    config: { ...ServerConfig.defaults, port: 0 },
    jobs: { builtIn: BuiltinJobs.definitions, module: [] }
  })),
  Layer.provide([MemoryScheduleStorage.layer, MemorySampleStorage.layer]),
  Layer.provide(
    Layer.succeed(
      ConnectionPool.ConnectionPool,
      Effect.succeed({ max: 10, total: 2, idle: 1, waiting: 0, waited: 0 })
    )
  ),
  Layer.provide([MemoryStorage.layer, MemoryServiceStorage.layer]),
  Layer.provide(Logger.layer([]))
)

describe("the guide of the HTTP API", () => {
  layer(served, { excludeTestServices: true })("its curl lines", (it) => {
    it.effect("are answered as it says, one after the other", () =>
      Effect.gen(function*() {
        assert.isAtLeast(steps.length, 15)
        assert.strictEqual(steps.length, guide.match(/^curl /gm)?.length)
        for (const { body, line, status } of steps) {
          const answer = yield* curl(wordsOf(line))
          assert.strictEqual(answer.status, status, `${line}\n${answer.text}`)
          assert.match(answer.text, patternOf(body), line)
        }
      }))
  })
})
