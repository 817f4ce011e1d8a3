import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Attempt from "../src/Attempt.ts"
import { instant } from "./Fixture.ts"

const codec = Schema.toCodecJson(Attempt.Attempt)

describe("Attempt", () => {
  for (const outcome of Attempt.AttemptOutcome.literals) {
    it(`survives JSON when ${outcome}`, () => {
      const attempt: Attempt.Attempt = {
        attempt: 2,
        token: 3,
        workerId: "w1",
        claimedAt: instant,
        startedAt: outcome === "running" ? null : instant,
        finishedAt: outcome === "running" ? null : instant,
        outcome,
        error: outcome === "failed" ? { tag: "E", message: "" } : null
      }
      assert.deepStrictEqual(
        Schema.decodeUnknownSync(codec)(JSON.parse(JSON.stringify(Schema.encodeSync(codec)(attempt)))),
        attempt
      )
    })
  }
})
