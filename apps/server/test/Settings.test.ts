import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Exit, Redacted } from "effect"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import * as Logging from "../src/Logging.ts"
import * as ServerConfig from "../src/ServerConfig.ts"
import * as Settings from "../src/Settings.ts"
import * as StartFailure from "../src/StartFailure.ts"

const root = NodePath.resolve(import.meta.dirname, "../../..")
const read = (path: string): string => NodeFs.readFileSync(NodePath.join(root, path), "utf8")

const base = { DATABASE_URL: "postgres://localhost/jobs" }

const configured = Effect.all([ServerConfig.server, ServerConfig.program, Logging.settings(false)])

const withEnv = (env: Record<string, string>) =>
  Effect.provideService(ConfigProvider.ConfigProvider, ServerConfig.provider(env))

/** With what is redacted: two secrets print alike. */
const shown = (value: unknown): string =>
  JSON.stringify(value, function(this: Readonly<Record<string, unknown>>, name: string, inner: unknown) {
    const found = this[name]
    return Redacted.isRedacted(found) ? Redacted.value(found) : inner
  })

describe("Settings", () => {
  it("are all that the sources read, and no other", () => {
    const files = ["apps/server/src/ServerConfig.ts", "apps/server/src/Logging.ts", "packages/queue/src/JobDefaults.ts"]
    const sources = files.map(read).join("\n")
    const names = [...sources.matchAll(/"(MILLRACE_[A-Z_]+|DATABASE_URL)"/g)].map(([, name]) => name)
    assert.sameMembers(Settings.all.map(({ variable }) => variable), [...new Set(names)])
  })

  for (const { example, variable, wrong } of Settings.all) {
    it.effect(`${variable} has an effect`, () =>
      Effect.gen(function*() {
        const before = yield* configured.pipe(withEnv(base))
        const after = yield* configured.pipe(withEnv({ ...base, [variable]: example }))
        assert.notStrictEqual(shown(after), shown(before))
      }))

    it.effect(`${variable} stops the start when it is wrong, with its name, what it is and what is allowed`, () =>
      Effect.gen(function*() {
        if (wrong === null) return
        const env = { ...base, [variable]: wrong }
        const exit = yield* Effect.exit(configured.pipe(withEnv(env)))
        assert(Exit.isFailure(exit), `${variable}=${wrong} was taken`)
        const [line = ""] = StartFailure.linesOf(exit.cause, env)
        assert.match(line, new RegExp(`^${variable} is wrong: .{8,}`))
        if (/KEY|SECRET/.test(variable)) assert.notInclude(line, wrong)
        else assert.include(line, `it is "${wrong}"`)
      }))
  }

  it("stand in the guide as they are here", () => {
    const [, table = ""] = read("docs/guides/settings.md").split("<!-- settings: server -->")
    const rows = table.split("\n## ")[0]?.split("\n").filter((line) => line.startsWith("| `")).map((line) =>
      line.slice(1, -1).split("|").map((cell) => cell.trim())
    )
    assert.deepStrictEqual(rows, Settings.rowsOf(Settings.all).map((row) => [...row]))
  })
})
