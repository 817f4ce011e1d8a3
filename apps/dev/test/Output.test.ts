import { assert, describe, it } from "@effect/vitest"
import * as Output from "../src/Output.ts"

const collect = () => {
  const written: Array<string> = []
  const sink = {
    writableLength: 0,
    write: (text: string) => written.push(text),
    on: () => undefined
  }
  return { sink, written, output: Output.make(sink) }
}

describe("Output", () => {
  it("puts the program in front of a line", () => {
    assert.strictEqual(Output.prefixed("server", "ready"), "server | ready")
    assert.strictEqual(Output.prefixed("dev", "starting"), "dev    | starting")
  })

  it("keeps a JSON object one", () => {
    const line = Output.prefixed("worker", `  {"level":"info","message":"a | b"} `)
    assert.deepStrictEqual(JSON.parse(line), { program: "worker", level: "info", message: "a | b" })
    assert.deepStrictEqual(JSON.parse(Output.prefixed("worker", "{ }")), { program: "worker" })
  })

  it("takes what only looks like JSON for text", () => {
    assert.strictEqual(Output.prefixed("worker", "{ready}"), "worker | {ready}")
    assert.strictEqual(Output.prefixed("worker", "[1,2]"), "worker | [1,2]")
  })

  it("cuts lines wherever the chunks end", () => {
    const lines: Array<string> = []
    const { end, push } = Output.splitter((line) => lines.push(line))
    for (const chunk of ["one\ntw", "o\r\n\nthr", "ee"]) push(chunk)
    assert.deepStrictEqual(lines, ["one", "two", ""])
    end()
    assert.deepStrictEqual(lines, ["one", "two", "", "three"])
  })

  it("drops what nobody takes, and says how much", () => {
    const { output, sink, written } = collect()
    output.line("server", "one")
    sink.writableLength = 5 * 1024 * 1024
    output.line("server", "two")
    output.line("server", "three")
    sink.writableLength = 0
    output.line("server", "four")
    assert.deepStrictEqual(written, [
      "server | one\n",
      "dev    | 2 lines were dropped: nobody took them\n",
      "server | four\n"
    ])
  })
})
