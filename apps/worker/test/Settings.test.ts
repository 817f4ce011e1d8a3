import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { ConfigProvider, Effect, Exit, Redacted } from "effect"
import { Command } from "effect/cli"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import * as Environment from "../src/Environment.ts"
import * as Reason from "../src/Reason.ts"
import * as Settings from "../src/Settings.ts"
import { flags, resolve } from "../src/WorkerSettings.ts"

const root = NodePath.resolve(import.meta.dirname, "../../..")
const read = (path: string): string => NodeFs.readFileSync(NodePath.join(root, path), "utf8")

const base = { DATABASE_URL: "postgres://localhost/jobs" }

/** What the worker would run with, secrets included, as text. */
const settled = Effect.fnUntraced(function*(env: Record<string, string>) {
  let text = ""
  const command = Command.make("millrace-worker", flags, (given) =>
    Effect.map(resolve(given), (found) => {
      text = JSON.stringify({ ...found, databaseUrl: Redacted.value(found.databaseUrl) })
    }))
  yield* Command.runWith(command, { version: "0", renderErrors: false })([]).pipe(
    Effect.provideService(ConfigProvider.ConfigProvider, Environment.provider(env))
  )
  return text
})

layer(NodeServices.layer)("Settings", (it) => {
  it("are all that the sources read, and no other", () => {
    const sources = ["apps/worker/src/WorkerSettings.ts", "packages/queue/src/JobDefaults.ts"].map(read).join("\n")
    const names = [...sources.matchAll(/"(MILLRACE_[A-Z_]+|DATABASE_URL)"/g)]
    assert.sameMembers(Settings.all.map(({ variable }) => variable), [...new Set(names.map(([, name]) => name))])
  })

  for (const { example, variable, wrong } of Settings.all) {
    it.effect(`${variable} has an effect`, () =>
      Effect.gen(function*() {
        assert.notStrictEqual(yield* settled({ ...base, [variable]: example }), yield* settled(base))
      }))

    it.effect(`${variable} stops the start when it is wrong, with its name, what it is and what is allowed`, () =>
      Effect.gen(function*() {
        if (wrong === null) return
        const env = { ...base, [variable]: wrong }
        const exit = yield* Effect.exit(settled(env))
        assert(Exit.isFailure(exit), `${variable}=${wrong} was taken`)
        const line = Reason.ofCause(exit.cause, env).join("\n")
        assert.include(line, variable)
        if (["DATABASE_URL", "MILLRACE_ALERT_SECRETS", "MILLRACE_PAYLOAD_KEYS"].includes(variable)) {
          assert.notInclude(line, wrong)
        } else assert.include(line, `it is ${JSON.stringify(wrong)}`)
      }))
  }

  it("stand in the guide as they are here", () => {
    const [, table = ""] = read("docs/guides/settings.md").split("<!-- settings: worker -->")
    const rows = table.split("\n## ")[0]?.split("\n").filter((line) => line.startsWith("| `")).map((line) =>
      line.slice(1, -1).split("|").map((cell) => cell.trim())
    )
    assert.deepStrictEqual(rows, Settings.rowsOf(Settings.all).map((row) => [...row]))
  })
})
