/**
 * Retries by error tag: the policy is data, decides per typed error, and tells beforehand when the attempts will be.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Job, Queue, Worker } from "@millrace/queue"
import { RetryPolicy } from "@millrace/retry-policy"
import { MemoryStorage } from "@millrace/storage"
import { Console, Effect, Layer, Schema } from "effect"

class MailboxFull extends Schema.TaggedError<MailboxFull>()("MailboxFull", { address: Schema.String }) {}
class ProviderDown extends Schema.TaggedError<ProviderDown>()("ProviderDown", { status: Schema.Number }) {}

const SendMail = Job.make("SendMail", {
  payload: { to: Schema.String },
  success: Schema.String,
  error: Schema.Union([MailboxFull, ProviderDown]),
  retry: RetryPolicy.exponential({ base: "1 second", cap: "1 minute", maxAttempts: 5 }).pipe(
    // A tag without a rule, or a rule for a tag that does not exist, is a type error.
    RetryPolicy.byTagExhaustive<MailboxFull | ProviderDown>()({
      MailboxFull: RetryPolicy.never,
      ProviderDown: RetryPolicy.linear({ base: "100 millis" })
    })
  )
})

const SendMailLive = SendMail.toLayer(
  Effect.fn("SendMail")(function*({ to }, job) {
    if (to.startsWith("full")) return yield* new MailboxFull({ address: to })
    if (job.attempt < 3) return yield* new ProviderDown({ status: 503 })
    return `sent to ${to} at attempt ${job.attempt}`
  })
)

const program = Effect.gen(function*() {
  for (const errorTag of ["MailboxFull", "ProviderDown", "AnythingElse"]) {
    const attempts = RetryPolicy.preview(SendMail.options.retry, { errorTag })
    const delays = attempts.map(({ delayMillis }) => `${delayMillis} ms`)
    yield* Console.log(`${errorTag}: ${delays.length === 0 ? "never again" : `again after ${delays.join(", ")}`}`)
  }
  yield* SendMail.execute({ to: "ada@example.com" }).pipe(Effect.flatMap(Console.log))
  yield* SendMail.execute({ to: "full@example.com" }).pipe(
    Effect.catchTag("MailboxFull", ({ address }) => Console.log(`gave up: the mailbox ${address} is full`))
  )
})

const Main = SendMailLive.pipe(
  Layer.provideMerge([Queue.layer, Worker.layer()]),
  Layer.provide(MemoryStorage.layer)
)

NodeRuntime.runMain(Effect.provide(program, Main))
