/**
 * Types are tested by the compiler: each `@ts-expect-error` fails the build when the line below it is fine.
 */
import { assert, describe, it } from "@effect/vitest"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import { Effect, Schema } from "effect"
import * as Job from "../src/Job.ts"
import * as Queue from "../src/Queue.ts"
import { InvalidOption } from "../src/QueueError.ts"
import * as TestWorker from "./TestWorker.ts"

class MailboxFull extends Schema.TaggedError<MailboxFull>()("MailboxFull", {}) {}
class ProviderDown extends Schema.TaggedError<ProviderDown>()("ProviderDown", {}) {}

const error = Schema.Union([MailboxFull, ProviderDown])
const fixed = RetryPolicy.fixed("1 minute")

describe("JobConfig", () => {
  it("lets the compiler hold the rules of a job to its errors", () => {
    const right = [
      () =>
        Job.make("A", {
          payload: {},
          error,
          retry: { byTag: { MailboxFull: RetryPolicy.never, ProviderDown: fixed } }
        }),
      () => Job.make("A", { payload: {}, error, retry: fixed }),
      () => Job.make("A", { payload: {}, retry: { byTag: {}, otherwise: fixed } })
    ]
    const wrong = [
      // @ts-expect-error ProviderDown has no rule
      () => Job.make("A", { payload: {}, error, retry: { byTag: { MailboxFull: RetryPolicy.never } } }),
      () =>
        Job.make("A", {
          payload: {},
          error,
          // @ts-expect-error there is no error tagged Other
          retry: { byTag: { MailboxFull: RetryPolicy.never, ProviderDown: fixed, Other: fixed } }
        }),
      // @ts-expect-error a job without errors has no tags
      () => Job.make("A", { payload: {}, retry: { byTag: { Other: fixed } } }),
      // @ts-expect-error a rule is a policy
      () => Job.make("A", { payload: {}, error, retry: { byTag: { MailboxFull: "never", ProviderDown: fixed } } })
    ]
    assert.deepStrictEqual([right.length, wrong.length], [3, 4])
  })

  it("makes the rules part of the policy, and the default the rest", () => {
    const rules = { MailboxFull: RetryPolicy.never, ProviderDown: fixed }
    const { options } = Job.make("A", { payload: {}, error, retry: { byTag: rules } })
    assert.deepStrictEqual(options.retry, RetryPolicy.default.pipe(RetryPolicy.byTag(rules)))
    const own = Job.make("A", { payload: {}, error, retry: { byTag: rules, otherwise: RetryPolicy.never } })
    assert.deepStrictEqual(own.options.retry, RetryPolicy.never.pipe(RetryPolicy.byTag(rules)))
  })

  it.effect("retries each error by its own rule", () =>
    Effect.gen(function*() {
      const Send = Job.make("Send", {
        payload: { full: Schema.Boolean },
        error,
        retry: { byTag: { MailboxFull: RetryPolicy.never, ProviderDown: fixed } }
      })
      yield* TestWorker.start(Send.toLayer(({ full }) => Effect.fail(full ? new MailboxFull() : new ProviderDown())))
      const [full, down] = yield* Send.enqueueAll([{ payload: { full: true } }, { payload: { full: false } }])
      yield* TestWorker.settle
      const queue = yield* Queue.Queue
      const records = yield* Effect.forEach(
        [full, down],
        (result) => Effect.orDie(queue.get(result?.id ?? "1" as never))
      )
      assert.deepStrictEqual(records.map(({ state }) => state), ["dead", "retryable"])
    }).pipe(Effect.provide(TestWorker.layer())))

  it("holds an upcaster to the present payload", () => {
    const right = () =>
      Job.make("A", {
        payload: { first: Schema.String },
        version: 2,
        upcasters: { 1: Job.upcaster({ name: Schema.String }, ({ name }) => ({ first: name })) }
      })
    const wrong = () =>
      Job.make("A", {
        payload: { first: Schema.String },
        version: 2,
        // @ts-expect-error the present payload has no such field
        upcasters: { 1: Job.upcaster({ name: Schema.String }, ({ name }) => ({ last: name })) }
      })
    assert.deepStrictEqual([right().options.version, right().options.versionMin], [2, 1])
    assert.isFunction(wrong)
  })

  it("refuses upcasters with a gap, of a version to come, or below 1", () => {
    const none = Job.upcaster({}, () => ({}))
    for (
      const [field, upcasters] of [["1", { 1: none }], ["3", { 3: none }], ["0", {
        2: none,
        1: none,
        0: none
      }]] as const
    ) {
      let thrown: unknown = null
      try {
        Job.make("A", { payload: {}, version: 3, upcasters })
      } catch (error) {
        thrown = error
      }
      assert.strictEqual(thrown instanceof InvalidOption ? thrown.field : "", `upcasters.${field}`)
    }
  })

  it("raises an old payload to the present one, and says why it can not", () => {
    const { codec } = Job.make("A", {
      payload: { first: Schema.String, at: Schema.DateTimeUtc },
      version: 3,
      upcasters: {
        2: Job.upcaster({ first: Schema.String }, ({ first }) => {
          if (first === "") throw new Error("no name")
          return { first, at: first as never }
        }),
        1: Job.upcaster(Schema.String, (first) => ({ first, at: Schema.decodeSync(Schema.DateTimeUtcFromMillis)(0) }))
      }
    })
    const raised = codec.decodeVersion("ada", 1)
    assert.deepStrictEqual(raised, codec.decodePayload({ first: "ada", at: "1970-01-01T00:00:00.000Z" }))
    assert.strictEqual(raised._tag, "Fits")
    const detailOf = (json: Schema.Json, version: number) => {
      const converted = codec.decodeVersion(json, version)
      return converted._tag === "Misfit" ? `${converted.misfit.field} ${converted.misfit.detail}` : "fits"
    }
    assert.include(detailOf(3, 1), "$ Expected string")
    assert.strictEqual(detailOf({ first: "" }, 2), "$ the upcaster threw: no name")
    assert.include(detailOf({ first: "ada" }, 2), "$.at")
    assert.strictEqual(detailOf({ first: "ada" }, 4), "$ no upcaster takes version 4")
  })
})
