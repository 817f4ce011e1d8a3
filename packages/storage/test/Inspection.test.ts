import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Inspection from "../src/Inspection.ts"
import * as JobId from "../src/JobId.ts"
import { instant, record } from "./Fixture.ts"

const facts: Inspection.ExplainFacts = {
  now: instant,
  job: record("7"),
  expiresAt: null,
  isSuspect: false,
  pauses: [{ what: "queue", name: "default", key: null, since: instant, until: null }],
  limits: [{
    name: "mail",
    key: "acme",
    weight: 1,
    rule: { name: "mail", kind: "concurrency", max: 5, perMillis: null, burst: null },
    isOpen: false,
    held: 5,
    holders: [JobId.makeUnsafe(3)],
    tokens: null,
    opensAt: null
  }],
  ahead: 3,
  workers: [],
  parents: []
}

describe("Inspection", () => {
  it("has facts that are JSON and come back from it", () => {
    const codec = Schema.toCodecJson(Inspection.ExplainFacts)
    const json = JSON.parse(JSON.stringify(Schema.encodeSync(codec)(facts)))
    assert.deepStrictEqual(Schema.decodeUnknownSync(codec)(json), facts)
  })
})
