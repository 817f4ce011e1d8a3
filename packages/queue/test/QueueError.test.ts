import { assert, describe, it } from "@effect/vitest"
import * as JobId from "@millrace/storage/JobId"
import { Schema } from "effect"
import * as QueueError from "../src/QueueError.ts"

const id = JobId.makeUnsafe(7)

const errors = [
  [new QueueError.InvalidPayload({ name: "Send", field: "$.to", detail: "not text" }), /Send.*\$\.to.*not text/],
  [new QueueError.InvalidOption({ field: "delay", detail: "too long" }), /delay.*too long/],
  [new QueueError.JobNotFound({ id }), /Job 7/],
  [new QueueError.IllegalTransition({ id, state: "completed", action: "retry" }), /Job 7 is completed.*retry/],
  [new QueueError.UnknownJob({ name: "Sned", known: ["Send"] }), /Sned.*Send/],
  [new QueueError.JobCancelled({ id }), /Job 7.*cancelled/],
  [new QueueError.JobDead({ id, failure: { tag: "Full", message: "no room" } }), /Job 7.*Full: no room/],
  [new QueueError.JobDead({ id, failure: null }), /Job 7.*no error/],
  [new QueueError.Unsupported({ operation: "Job.transactional", detail: "no transactions" }), /Job\.transactional/]
] as const

describe("QueueError", () => {
  for (const [error, message] of errors) {
    it(`${error._tag} says which job or field it is about, and survives JSON`, () => {
      assert.match(error.message, message)
      const codec = Schema.toCodecJson(error.constructor as unknown as Schema.Codec<typeof error>)
      const json: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(codec)(error)))
      assert.strictEqual(Schema.decodeUnknownSync(codec)(json).message, error.message)
    })
  }
})
