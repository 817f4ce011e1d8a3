import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestConsole } from "effect/testing"
import type { Step } from "../../src/ci/Step.ts"
import * as StepRunner from "../../src/ci/StepRunner.ts"

const place: StepRunner.Place = {
  root: import.meta.dirname,
  path: process.env["PATH"] ?? "",
  reportFile: "/nonexistent/vitest.json",
  isTerminal: false
}

const node = (script: string): Step => ({
  name: "a step",
  command: process.execPath,
  args: ["-e", script],
  kind: "check"
})

const said = Effect.map(TestConsole.logLines, (lines) => lines.join("\n"))

describe("StepRunner", () => {
  layer(NodeServices.layer)((it) => {
    it.effect("is silent about a check that passes", () =>
      Effect.gen(function*() {
        const tally = yield* StepRunner.run(node("console.log('chatter')"), place)
        assert.deepStrictEqual(tally, { passed: 1, failed: 0, skipped: 0 })
        const lines = yield* said
        assert.notInclude(lines, "chatter")
        assert.include(lines, "== a step: ok in")
      }))

    it.effect("prints both outputs of a check that fails", () =>
      Effect.gen(function*() {
        const script = "console.log('to stdout'); console.error('to stderr'); process.exitCode = 3"
        const tally = yield* StepRunner.run(node(script), place)
        assert.deepStrictEqual(tally, { passed: 0, failed: 1, skipped: 0 })
        const lines = yield* said
        assert.include(lines, "to stdout")
        assert.include(lines, "to stderr")
        assert.include(lines, "== a step: FAILED in")
      }))

    it.effect("fails a command that does not exist", () =>
      Effect.gen(function*() {
        const tally = yield* StepRunner.run({ ...node(""), command: "no-such-command" }, place)
        assert.strictEqual(tally.failed, 1)
        assert.include(yield* said, "could not be run")
      }))

    it.effect("fails a step that is killed", () =>
      Effect.gen(function*() {
        const tally = yield* StepRunner.run(node("process.kill(process.pid, 'SIGKILL')"), place)
        assert.strictEqual(tally.failed, 1)
      }))

    it.effect("counts a run as one check", () =>
      Effect.gen(function*() {
        const passed = yield* StepRunner.run({ ...node(""), kind: "run" }, place)
        const failed = yield* StepRunner.run({ ...node("process.exitCode = 1"), kind: "run" }, place)
        assert.deepStrictEqual([passed, failed], [
          { passed: 1, failed: 0, skipped: 0 },
          { passed: 0, failed: 1, skipped: 0 }
        ])
      }))

    it.effect("fails tests that write no report", () =>
      Effect.gen(function*() {
        const tally = yield* StepRunner.run({ ...node(""), kind: "tests" }, place)
        assert.strictEqual(tally.failed, 1)
      }))

    it.effect("asks for plain text when nobody watches", () =>
      Effect.gen(function*() {
        const step = node("process.exit(process.env.NO_COLOR === '1' ? 0 : 1)")
        assert.strictEqual((yield* StepRunner.run(step, place)).passed, 1)
      }))

    it.effect("gives the steps no input to wait for", () =>
      Effect.gen(function*() {
        const script = "process.stdin.resume(); process.stdin.on('end', () => process.exit(0))"
        const tally = yield* StepRunner.run(node(script), place)
        assert.strictEqual(tally.passed, 1)
      }))
  })
})
