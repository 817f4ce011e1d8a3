import { assert, describe, it } from "@effect/vitest"
import * as Decisions from "../../src/tidy/Decisions.ts"
import * as Planted from "./planted.ts"

const text = (...headings: ReadonlyArray<string>): string => headings.map((each) => `## ${each}\n\nWords.\n`).join("\n")

const whole = text("Context", "Options", "Decision", "Consequences")

describe("Decisions", () => {
  it("accepts a decision with the four headings, and others between them", () => {
    const files = {
      "docs/decisions/0001-one.md": whole,
      "docs/decisions/0002-two.md": text("Context", "Options", "Measurements", "Decision", "Consequences"),
      "docs/decisions/README.md": "# Decisions"
    }
    assert.deepStrictEqual(Planted.find(Decisions.rule, files), [])
  })

  it("rejects a missing heading and another order", () => {
    const files = {
      "docs/decisions/0001-one.md": text("Context", "Decision", "Consequences"),
      "docs/decisions/0002-two.md": text("Options", "Context", "Decision", "Consequences")
    }
    assert.strictEqual(Planted.find(Decisions.rule, files).length, 2)
  })

  it("rejects a name without a number", () => {
    assert.strictEqual(Planted.find(Decisions.rule, { "docs/decisions/one.md": whole }).length, 1)
  })

  it("rejects a number that is taken", () => {
    const files = { "docs/decisions/0001-one.md": whole, "docs/decisions/0001-two.md": whole }
    assert.deepStrictEqual(Planted.find(Decisions.rule, files), [
      "docs/decisions/0001-two.md:1 0001 is taken by docs/decisions/0001-one.md"
    ])
  })
})
