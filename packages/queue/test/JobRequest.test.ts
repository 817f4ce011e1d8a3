import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as Job from "../src/Job.ts"
import * as JobRegistry from "../src/JobRegistry.ts"
import * as JobRequest from "../src/JobRequest.ts"

const Greet = Job.make("Greet", { payload: { to: Schema.String, at: Schema.DateFromString }, queue: "mail" })

describe("a request", () => {
  it("of a definition has the encoded payload and the definition's options", () => {
    const job = Result.getOrThrow(JobRequest.fromPayload(Greet, { to: "ada", at: new Date(0) }, { tenant: "t" }))
    assert.deepInclude(job, {
      name: "Greet",
      queue: "mail",
      tenant: "t",
      payload: { to: "ada", at: "1970-01-01T00:00:00.000Z" }
    })
  })

  it("by name is held to the definition that the registry knows", () => {
    const registry = JobRegistry.make([Greet], { strict: true })
    const request = { name: "Greet", payload: { to: "ada", at: "1970-01-01T00:00:00.000Z" } }
    assert.deepInclude(Result.getOrThrow(JobRequest.fromEncoded(registry, request)), { name: "Greet", queue: "mail" })
    const refused = (name: string, payload: unknown) =>
      Result.getOrThrow(Result.flip(JobRequest.fromEncoded(registry, { name, payload })))._tag
    assert.strictEqual(refused("Greet", {}), "InvalidPayload")
    assert.strictEqual(refused("Other", {}), "UnknownJob")
  })
})
