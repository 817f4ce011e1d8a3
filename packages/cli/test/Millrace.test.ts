import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as T from "./support/Terminal.ts"

describe("Millrace", () => {
  it.live("has help for every command, on the standard output", () =>
    Effect.gen(function*() {
      const { output } = yield* T.runWith(["--help"])
      const names = [...output.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(([, name]) => name ?? "")
      assert.isAtLeast(names.length, 18)
      for (const name of names) {
        const help = yield* T.runWith([name, "--help"])
        assert.strictEqual(help.code, 0, name)
        assert.include(help.output, `millrace ${name}`)
        assert.strictEqual(help.errors, "")
      }
    }), 60_000)

  it.live("says what is wrong with an invocation, and where its help is", () =>
    Effect.gen(function*() {
      const unknown = yield* T.runWith(["jobs", "lst"])
      assert.deepStrictEqual([unknown.code, unknown.output], [2, ""])
      assert.match(unknown.errors, /lst[^]*Run `millrace jobs --help`/)
      const url = yield* T.runWith(["stats", "--url", "nowhere"])
      assert.strictEqual(url.code, 2)
      assert.include(url.errors, "--url: nowhere is no URL")
      const away = yield* T.runWith(["stats"], { MILLRACE_URL: "http://127.0.0.1:1" })
      assert.strictEqual(away.code, 3)
      assert.match(away.errors, /http:\/\/127\.0\.0\.1:1 can not be reached[^]*millrace dev/)
    }))

  it.live("writes completions for every shell", () =>
    Effect.gen(function*() {
      for (const shell of ["bash", "zsh", "fish", "powershell"]) {
        const { code, output } = yield* T.runWith(["completions", shell])
        assert.strictEqual(code, 0)
        for (const word of ["millrace", "redrive", "schedules"]) assert.include(output, word, shell)
      }
      assert.strictEqual((yield* T.runWith(["completions", "tcsh"])).code, 2)
    }))

  it.live("asks for a database where it needs one", () =>
    Effect.gen(function*() {
      for (const command of [["doctor"], ["migrate", "up"], ["bench"]]) {
        const ended = yield* T.runWith(command)
        assert.strictEqual(ended.code, 2)
        assert.match(ended.errors, /--database-url: is missing[^]*DATABASE_URL/)
      }
      const schema = yield* T.runWith(["migrate", "status", "--schema", "a b", "--database-url", "postgres://x"])
      assert.match(schema.errors, /--schema.*"a b" is no schema name/)
    }))
})
