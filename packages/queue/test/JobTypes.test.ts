/**
 * Types are tested by the compiler: each `@ts-expect-error` fails the build when the line below it is fine.
 */
import { assert, describe, it } from "@effect/vitest"
import * as RetryPolicy from "@millrace/retry-policy/RetryPolicy"
import type { Storage } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import { Context, Effect, Layer, Schema } from "effect"
import type { Scope } from "effect"
import type { CurrentJob } from "../src/CurrentJob.ts"
import type { Handlers } from "../src/Handlers.ts"
import * as Job from "../src/Job.ts"
import * as Queue from "../src/Queue.ts"
import type { EnqueueError, JobCancelled, JobDead, JobNotFound } from "../src/QueueError.ts"
import * as Worker from "../src/Worker.ts"

class MailboxFull extends Schema.TaggedError<MailboxFull>()("MailboxFull", {}) {}
class ProviderDown extends Schema.TaggedError<ProviderDown>()("ProviderDown", {}) {}
class Mailer extends Context.Service<Mailer, { readonly send: (to: string) => Effect.Effect<string> }>()(
  "@millrace/queue/test/JobTypes/Mailer"
) {}

const Send = Job.make("Send", {
  payload: { to: Schema.String, copies: Schema.optionalKey(Schema.Number) },
  success: Schema.Struct({ id: Schema.String }),
  error: Schema.Union([MailboxFull, ProviderDown])
})

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false

const same = <A, B>(equal: Equal<A, B>): void => assert.isTrue(equal)

describe("Job (types)", () => {
  it("asks for the queue, and fails with what can go wrong", () => {
    const enqueue = () => Send.enqueue({ to: "ada" })
    same<Effect.Error<ReturnType<typeof enqueue>>, EnqueueError>(true)
    same<Effect.Services<ReturnType<typeof enqueue>>, Queue.Queue>(true)
    const execute = () => Send.execute({ to: "ada" })
    same<Effect.Success<ReturnType<typeof execute>>, { readonly id: string }>(true)
    same<
      Effect.Error<ReturnType<typeof execute>>,
      MailboxFull | ProviderDown | JobCancelled | JobDead | JobNotFound | EnqueueError | StorageError
    >(true)
  })

  it("holds payloads to their schema", () => {
    const wrong = [
      // @ts-expect-error a number is no string
      () => Send.enqueue({ to: 3 }),
      // @ts-expect-error a field is missing
      () => Send.enqueue({}),
      // @ts-expect-error a field is not known
      () => Send.enqueue({ to: "ada", cc: "bob" }),
      // @ts-expect-error an option is not known
      () => Send.enqueue({ to: "ada" }, { dealy: 5 }),
      // @ts-expect-error a priority is not known
      () => Send.enqueue({ to: "ada" }, { priority: "higher" })
    ]
    assert.strictEqual(wrong.length, 5)
  })

  it("shows what a handler needs in its layer, less what every attempt has", () => {
    const live = Send.toLayer(({ to }) =>
      Effect.gen(function*() {
        const mailer = yield* Mailer
        yield* Effect.addFinalizer(() => Effect.void)
        return { id: yield* Job.transactional(mailer.send(to)) }
      })
    )
    same<Layer.Services<typeof live>, Handlers | Mailer>(true)
    same<Layer.Error<typeof live>, never>(true)
    const main = live.pipe(
      Layer.provideMerge([Queue.layer, Worker.layer({ queues: { default: { concurrency: 10 } } })])
    )
    same<Layer.Services<typeof main>, Storage | Mailer>(true)
    same<CurrentJob | Scope.Scope extends Layer.Services<typeof live> ? true : false, false>(true)
  })

  it("holds handlers to the job's result and errors", () => {
    const wrong = [
      // @ts-expect-error the result does not fit
      () => Send.toLayer(() => Effect.succeed({ id: 3 })),
      // @ts-expect-error the payload has no such field
      () => Send.toLayer(({ subject }) => Effect.succeed({ id: subject }))
    ]
    assert.strictEqual(wrong.length, 2)
    type Handler = Job.HandlerFunction<{ readonly to: string }, { readonly id: string }, MailboxFull, never>
    same<(() => Effect.Effect<never, string>) extends Handler ? true : false, false>(true)
    same<(() => Effect.Effect<never, ProviderDown>) extends Handler ? true : false, false>(true)
    same<(() => Effect.Effect<never, MailboxFull>) extends Handler ? true : false, true>(true)
    const right = [
      () => Send.toLayer(() => Effect.fail(new MailboxFull())),
      () => Send.toLayer(() => Job.snooze("1 second")),
      () => Send.toLayer(() => Job.cancel("r")),
      () => Send.toLayer(() => Job.dead("r")),
      () => Send.toLayer((_, job) => job.attempt > 1 ? Effect.fail(new ProviderDown()) : Effect.succeed({ id: "1" }))
    ]
    assert.strictEqual(right.length, 5)
  })

  it("lets a policy be exhaustive over the job's errors", () => {
    type MailError = (typeof Send)["errorSchema"]["Type"]
    const policy = RetryPolicy.default.pipe(
      RetryPolicy.byTagExhaustive<MailError>()({
        MailboxFull: RetryPolicy.never,
        ProviderDown: RetryPolicy.fixed("1 second")
      })
    )
    assert.isDefined(policy.byTag)
    const wrong = [
      // @ts-expect-error a tag has no rule
      () => RetryPolicy.byTagExhaustive<MailError>()({ MailboxFull: RetryPolicy.never })
    ]
    assert.strictEqual(wrong.length, 1)
  })

  it("refuses schemas that need services", () => {
    const Needs = Schema.String.pipe(Schema.decodeTo(Schema.String, {
      decode: { run: () => Mailer as never } as never,
      encode: { run: () => Mailer as never } as never
    })) as Schema.Codec<string, string, Mailer, Mailer>
    const wrong = () =>
      // @ts-expect-error the schema needs the mailer
      Job.make("Needs", { payload: Needs })
    assert.isFunction(wrong)
  })
})
