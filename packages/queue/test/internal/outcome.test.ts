import { assert, describe, it } from "@effect/vitest"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import type { Claim } from "@millrace/storage/Claim"
import * as JobId from "@millrace/storage/JobId"
import { Conflict, StorageError, Unavailable } from "@millrace/storage/StorageError"
import { Cause, Exit, Schema } from "effect"
import * as Outcomes from "../../src/internal/outcome.ts"
import * as Job from "../../src/Job.ts"
import * as JobSignal from "../../src/JobSignal.ts"
import { Unsupported } from "../../src/QueueError.ts"

class Full extends Schema.TaggedError<Full>()("Full", { box: Schema.String }) {}
class Busy extends Schema.TaggedError<Busy>()("Busy", { retryAfterMillis: Schema.Number }) {}

const definition = Job.make("Send", {
  payload: {},
  success: Schema.Struct({ id: Schema.Number, text: Schema.optionalKey(Schema.String) }),
  error: Schema.Union([Full, Busy]),
  retry: RetryPolicy.table(["1 second", "1 minute"]).pipe(RetryPolicy.byTag({ Full: RetryPolicy.never }))
})

const claim: Claim = {
  id: JobId.makeUnsafe(7),
  leaseId: "1",
  token: 1,
  name: "Send",
  version: 1,
  queue: "default",
  tenant: "",
  priority: 50,
  payload: {},
  attempt: 1,
  failures: 0,
  crashes: 0,
  maxAttempts: 3,
  timeoutMillis: null,
  retry: null,
  uniqueKey: null,
  limits: [],
  tags: [],
  createdAtMillis: 0,
  hasReport: false
}

const outcomeOf = (
  exit: Exit.Exit<unknown, unknown>,
  stop: Outcomes.Stop | null = null,
  changes: Partial<Claim> = {},
  elapsedMillis = 0,
  leftMillis = Infinity
) => Outcomes.exitToOutcome({ claim: { ...claim, ...changes }, definition, exit, stop, elapsedMillis, leftMillis })

const cancel: Outcomes.Stop = { _tag: "Cancel", reason: "enough" }
const timeout: Outcomes.Stop = { _tag: "Timeout", timeoutMillis: 500 }
const interrupted = Exit.failCause(Cause.interrupt(1))
const boom = Exit.die(new Error("boom"))

describe("outcome", () => {
  it("completes with the encoded result, whatever was asked meanwhile", () => {
    for (const stop of [null, cancel, timeout, { _tag: "Shutdown" }, { _tag: "Lease" }] as const) {
      assert.deepStrictEqual(outcomeOf(Exit.succeed({ id: 3 }), stop), { _tag: "Completed", result: { id: 3 } })
    }
  })

  it("fails an attempt whose result can not be stored, and cleans one that nearly can", () => {
    for (const value of [{ id: "x" }, undefined, { id: 3, text: "x".repeat(2_000_000) }]) {
      const outcome = outcomeOf(Exit.succeed(value))
      assert.strictEqual(outcome._tag === "Retried" ? outcome.error.tag : "", "InvalidResult")
    }
    assert.deepStrictEqual(outcomeOf(Exit.succeed({ id: 3, text: "a\u0000\ud800" })), {
      _tag: "Completed",
      result: { id: 3, text: "a\ufffd\ufffd" }
    })
  })

  it("takes any value of a job without a result, even one that never ends", () => {
    const cyclic: Record<string, unknown> = {}
    cyclic["self"] = cyclic
    const quiet = Job.make("Quiet", { payload: {} })
    assert.deepStrictEqual(
      Outcomes.exitToOutcome({
        claim,
        definition: quiet,
        exit: Exit.succeed(cyclic),
        stop: null,
        elapsedMillis: 0,
        leftMillis: Infinity
      }),
      { _tag: "Completed", result: null }
    )
  })

  it("retries by the policy, the number of failures and the tag", () => {
    const first = outcomeOf(boom)
    assert.deepStrictEqual([first._tag, first._tag === "Retried" && first.delayMillis], ["Retried", 1_000])
    const second = outcomeOf(boom, null, { failures: 1, attempt: 2 })
    assert.deepStrictEqual([second._tag, second._tag === "Retried" && second.delayMillis], ["Retried", 60_000])
    const last = outcomeOf(boom, null, { failures: 2, attempt: 3 })
    assert.deepStrictEqual([last._tag, last._tag === "Dead" && last.reason], ["Dead", "maxAttempts"])
    const never = outcomeOf(Exit.fail(new Full({ box: "in" })))
    assert.deepStrictEqual([never._tag, never._tag === "Dead" && never.reason], ["Dead", "never"])
  })

  it("waits as long as the error says, and no crash counts as a failure", () => {
    const busy = outcomeOf(Exit.fail(new Busy({ retryAfterMillis: 90_000 })))
    assert.strictEqual(busy._tag === "Retried" ? busy.delayMillis : 0, 90_000)
    const crashed = outcomeOf(boom, null, { crashes: 9, attempt: 10 })
    assert.strictEqual(crashed._tag, "Retried")
  })

  it("follows the policy stored with the job, and the definition's when that can not be read", () => {
    const own = outcomeOf(boom, null, { retry: { _tag: "Fixed", delayMillis: 5 } })
    assert.strictEqual(own._tag === "Retried" ? own.delayMillis : 0, 5)
    const strange = outcomeOf(boom, null, { retry: { _tag: "FromTheFuture" } })
    assert.strictEqual(strange._tag === "Retried" ? strange.delayMillis : 0, 1_000)
  })

  it("gives up when the policy's time is over", () => {
    const limited = { retry: { _tag: "Fixed", delayMillis: 1_000, maxElapsedMillis: 5_000 } }
    assert.strictEqual(outcomeOf(boom, null, limited, 4_000)._tag, "Retried")
    const over = outcomeOf(boom, null, limited, 4_001)
    assert.strictEqual(over._tag === "Dead" ? over.reason : "", "maxElapsed")
  })

  it("does what a signal says", () => {
    assert.deepStrictEqual(outcomeOf(Exit.fail(new JobSignal.Snooze({ delayMillis: 9 }))), {
      _tag: "Snoozed",
      delayMillis: 9
    })
    assert.deepStrictEqual(outcomeOf(Exit.fail(new JobSignal.Cancel({ reason: "r" }))), {
      _tag: "Cancelled",
      reason: "r",
      error: null
    })
    assert.strictEqual(outcomeOf(Exit.fail(new JobSignal.Dead({ reason: "r" })))._tag, "Dead")
    const unsupported = new Unsupported({ operation: "x", detail: "y" })
    assert.strictEqual(outcomeOf(Exit.fail(unsupported))._tag, "Dead")
  })

  it("spends no attempt on a transaction that met an outage, and one on a conflict", () => {
    const unavailable = new StorageError({ reason: new Unavailable({ operation: "commit", detail: "d" }) })
    assert.strictEqual(outcomeOf(Exit.fail(new JobSignal.TransactionFailed({ error: unavailable })))._tag, "Snoozed")
    const conflict = new StorageError({ reason: new Conflict({ operation: "commit", detail: "d" }) })
    const outcome = outcomeOf(Exit.fail(new JobSignal.TransactionFailed({ error: conflict })))
    assert.strictEqual(outcome._tag === "Retried" ? outcome.error.tag : "", "Conflict")
  })

  it("ends an interrupted attempt by the reason that was recorded", () => {
    assert.deepStrictEqual(outcomeOf(interrupted, cancel), { _tag: "Cancelled", reason: "enough", error: null })
    const late = outcomeOf(interrupted, timeout)
    assert.strictEqual(late._tag === "Retried" ? late.error.tag : "", "Timeout")
    assert.deepStrictEqual(outcomeOf(interrupted, { _tag: "Shutdown" }), { _tag: "Released" })
    assert.deepStrictEqual(outcomeOf(interrupted, { _tag: "Lease" }), { _tag: "Released" })
  })

  it("counts an interruption that nobody asked for as a failure", () => {
    const outcome = outcomeOf(interrupted)
    assert.strictEqual(outcome._tag === "Retried" ? outcome.error.tag : "", "Interrupted")
  })

  it("never retries a job that was asked to be cancelled", () => {
    const failed = outcomeOf(boom, cancel)
    assert.strictEqual(failed._tag === "Cancelled" ? failed.error?.message : "", "boom")
    assert.strictEqual(outcomeOf(Exit.fail(new JobSignal.Snooze({ delayMillis: 5 })), cancel)._tag, "Cancelled")
    const finalizer = Exit.failCause(Cause.combine(Cause.interrupt(1), Cause.die(new Error("finalizer"))))
    const outcome = outcomeOf(finalizer, cancel)
    assert.strictEqual(outcome._tag === "Cancelled" ? outcome.error?.message : "", "finalizer")
  })

  it("keeps a failure that came before a shutdown took effect", () => {
    assert.strictEqual(outcomeOf(boom, { _tag: "Shutdown" })._tag, "Retried")
    const finalizer = Exit.failCause(Cause.combine(Cause.interrupt(1), Cause.die("finalizer")))
    assert.strictEqual(outcomeOf(finalizer, { _tag: "Shutdown" })._tag, "Released")
  })

  it("gives back what never started, unless it was cancelled", () => {
    assert.deepStrictEqual(Outcomes.stoppedEarly({ _tag: "Shutdown" }), { _tag: "Released" })
    assert.strictEqual(Outcomes.stoppedEarly(cancel)._tag, "Cancelled")
  })
})
