/**
 * `millrace enqueue`: creates one job, or a file of them.
 *
 * @since 0.1.0
 */
import { batchLimit, CreateJob } from "@millrace/api/CreateJob"
import * as Idempotency from "@millrace/api/Idempotency"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Failure from "./Failure.ts"
import * as JobFlags from "./JobFlags.ts"
import * as Output from "./Output.ts"
import * as Progress from "./Progress.ts"
import * as Request from "./Request.ts"
import * as Server from "./Server.ts"
import * as Watch from "./Watch.ts"

const text = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.optional)

const flags = {
  name: Argument.String("name").pipe(Argument.withDescription("The kind of job"), Argument.optional),
  payload: Argument.String("payload").pipe(
    Argument.withDescription("Its payload as JSON. Defaults to {}"),
    Argument.withSchema(Schema.fromJsonString(Schema.Json)),
    Argument.optional
  ),
  file: text("file", "A file with one job as JSON a line, as POST /api/v1/jobs takes it, instead of name and payload"),
  queue: text("queue", "The queue. Defaults to the job's"),
  tenant: text("tenant", "Whose job it is"),
  priority: text("priority", "urgent, high, normal, low, or 0 (first) to 100"),
  delay: text("delay", "How long to wait, such as \"5 minutes\""),
  runAt: JobFlags.instant("run-at", "Not before this instant"),
  unique: text("unique", "While a job with this key is not finished, another is a duplicate"),
  uniqueScope: text(
    "unique-scope",
    "With --unique: among jobs of the tenant, the queue, or global. Defaults to tenant"
  ),
  uniqueUntil: text("unique-until", "With --unique: free when the job has finished, or started. Defaults to finished"),
  uniquePeriod: text("unique-period", "With --unique: held at least so long, such as \"1 hour\""),
  throttle: text("throttle", "For so long after the first one another is a duplicate, such as \"1 hour\""),
  throttleKey: text("throttle-key", "The key of --throttle. Defaults to one for all jobs of the name and tenant"),
  debounce: text("debounce", "Runs so long after the last one, as one job, such as \"5 seconds\""),
  debounceKey: text("debounce-key", "The key of --debounce. Defaults to one for all jobs of the name and tenant"),
  maxWait: text("max-wait", "With --debounce: and so long after the first one at the latest"),
  ttl: text("ttl", "Cancelled when it has not started so long after it was due"),
  deadline: JobFlags.instant("deadline", "Dead when it is not over by this instant"),
  fifo: text("fifo", "Jobs with this key run one after the other, in order"),
  parent: JobFlags.repeated("parent", "The id of a job that must be completed before this one starts"),
  limit: JobFlags.repeated("limit", "A limit beside the job's own, <name> or <name>:<key>"),
  idempotencyKey: text("idempotency-key", "Create once, however often the command is repeated with this key"),
  maxAttempts: Flag.Int("max-attempts").pipe(Flag.withDescription("Attempts until it is dead"), Flag.optional),
  timeout: text("timeout", "How long one attempt may run, such as \"30 seconds\""),
  tag: JobFlags.repeated("tag", "A word to find the job by"),
  wait: Flag.Boolean("wait").pipe(
    Flag.withDescription("Follow the job until it ends; exit code 1 unless it completes"),
    Flag.withDefault(false)
  )
}

type Given = Command.Command.Config.Infer<typeof flags>

/**
 * The command.
 *
 * @stability unstable
 * @category commands
 * @since 0.1.0
 */
export const command = Command.make(
  "enqueue",
  flags,
  (given) => Option.isSome(given.file) ? fromFile(given.file.value) : one(given)
).pipe(
  Command.withDescription("Create a job, or a file of jobs"),
  Command.withExamples([
    {
      command:
        "millrace enqueue email-notification '{\"to\":\"ada@example.com\",\"template\":\"welcome\",\"data\":{}}' --wait",
      description: "Create a job and follow it"
    },
    { command: "millrace enqueue --file jobs.ndjson", description: "Create a job for each line of a file" }
  ])
)

const one = Effect.fnUntraced(function*(given: Given) {
  const job = yield* toJob(given)
  const created = yield* Server.ask((client) => {
    const create = client.jobs.create({ payload: job })
    return Option.isSome(given.idempotencyKey) ? Idempotency.withKey(given.idempotencyKey.value)(create) : create
  })
  if (!given.wait) return yield* Output.answer(created, () => `job ${created.id}: ${created.outcome}`)
  yield* Output.event(created, () => `job ${created.id}: ${created.outcome}`)
  yield* Effect.flatMap(Watch.follow(created.id), Watch.expectCompleted)
})

const toJob = (given: Given): Effect.Effect<CreateJob, Failure.CommandFailed> => {
  if (Option.isNone(given.name)) {
    return Effect.fail(Failure.usage("name", "is missing", "millrace enqueue <name> <payload>, or --file <file>"))
  }
  const plain = {
    name: given.name.value,
    payload: Option.getOrElse(given.payload, () => ({})),
    ...Request.definedOf({
      queue: given.queue,
      tenant: given.tenant,
      priority: Option.map(given.priority, (text) => /^\d+$/.test(text) ? Number(text) : text),
      delay: given.delay,
      maxAttempts: given.maxAttempts,
      timeout: given.timeout,
      ttl: given.ttl,
      fifo: given.fifo,
      ...onceOf(given)
    }),
    ...(given.parent.length === 0 ? {} : { parents: given.parent }),
    ...(given.limit.length === 0 ? {} : { limits: given.limit.map(toLimit) }),
    ...(given.tag.length === 0 ? {} : { tags: given.tag })
  }
  return Effect.map(
    Request.decode(CreateJob, plain),
    (job) => ({
      ...job,
      ...(Option.isSome(given.runAt) ? { runAt: given.runAt.value } : {}),
      ...(Option.isSome(given.deadline) ? { deadline: given.deadline.value } : {})
    })
  )
}

/** A unique key by the rule of the job is a text; one with a rule of its own, a throttle and a debounce are several flags each. */
const onceOf = ({ debounce, debounceKey, maxWait, throttle, throttleKey, unique, ...given }: Given) => ({
  unique: Option.map(unique, (key) => {
    const rule = Request.definedOf({ scope: given.uniqueScope, until: given.uniqueUntil, period: given.uniquePeriod })
    return Object.keys(rule).length === 0 ? key : { key, ...rule }
  }),
  throttle: Option.map(throttle, (period) => ({ period, ...Request.definedOf({ key: throttleKey }) })),
  debounce: Option.map(debounce, (wait) => ({ wait, ...Request.definedOf({ key: debounceKey, maxWait }) }))
})

/** A key may hold colons, the name of a limit may not here. */
const toLimit = (text: string) => {
  const at = text.indexOf(":")
  return at < 0 ? { name: text } : { name: text.slice(0, at), key: text.slice(at + 1) }
}

const fromFile = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* fs.readFileString(path).pipe(
    Effect.mapError(() => Failure.usage("--file", `${path} can not be read`))
  )
  const jobs = yield* parse(path, text)
  const outcomes = { enqueued: 0, duplicate: 0, replaced: 0 }
  yield* Effect.scoped(Effect.gen(function*() {
    const bar = yield* Progress.start(jobs.length)
    for (let start = 0; start < jobs.length; start += batchLimit) {
      const batch = jobs.slice(start, start + batchLimit)
      const created = yield* Server.ask((client) => client.jobs.createBatch({ payload: { jobs: batch } })).pipe(
        Effect.tapError(() => Effect.logError(`${start} of ${jobs.length} jobs were created before this`))
      )
      for (const { outcome } of created.jobs) outcomes[outcome] += 1
      yield* bar.advance(batch.length)
    }
  }))
  yield* Output.answer(
    outcomes,
    () => `${outcomes.enqueued} enqueued, ${outcomes.duplicate} duplicate, ${outcomes.replaced} replaced`
  )
})

/** All lines are read before any job is created. */
const parse = (path: string, text: string) =>
  Effect.forEach(
    text.split("\n").map((line, index) => ({ line, number: index + 1 })).filter(({ line }) => line.trim() !== ""),
    ({ line, number }) =>
      Effect.mapError(
        Effect.flatMap(Request.json(line), (job) => Request.decode(CreateJob, job)),
        ({ detail }) => Failure.usage("--file", `line ${number} of ${path}: ${detail}`, "Nothing was created")
      )
  )
