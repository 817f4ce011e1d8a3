import { assert, describe, it } from "@effect/vitest"
import { QueueError } from "@millrace/queue"
import { JobId } from "@millrace/storage"
import { Effect } from "effect"
import * as JobAnswer from "../../src/handlers/JobAnswer.ts"

const id = JobId.makeUnsafe("7")

describe("JobAnswer", () => {
  it.effect("names the job that is not there", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(JobAnswer.found(Effect.fail(new QueueError.JobNotFound({ id }))))
      assert.deepInclude(error.error, { tag: "JobNotFound", jobId: "7" })
    }))

  it.effect("says what a job in this state can not do, and when it could", () =>
    Effect.gen(function*() {
      const refused = Effect.fail(new QueueError.IllegalTransition({ id, state: "running", action: "remove" }))
      const error = yield* Effect.flip(JobAnswer.acted(refused))
      assert.deepInclude(error.error, { tag: "IllegalTransition", message: "Job 7 is running: it can not remove" })
      assert.include(error.error.hint, "cancel it first")
    }))

  it.effect("shows a state and a request, and nothing else", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* JobAnswer.toAction({ id, from: "running", to: "requested" }), {
        id,
        from: "running",
        to: "requested"
      })
      assert.strictEqual((yield* Effect.exit(JobAnswer.toAction({ id, from: "dead", to: "removed" })))._tag, "Failure")
    }))
})
