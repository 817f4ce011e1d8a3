/**
 * The commands of the model, as data that can be printed, and their random generation.
 *
 * Commands name jobs, claims and workers by number, counted from the newest, so that a list of
 * commands keeps its meaning when others are left out of it.
 */
import type { ControlCommand, JobQuery, NewJob, Outcome, Storage } from "@millrace/storage"
import * as DateTime from "effect/DateTime"
import * as Fixture from "../../Fixture.ts"
import type { Random } from "./random.ts"
import { makeRandom } from "./random.ts"

/** How a settlement or report is made stale on purpose. */
export type Damage = "none" | "token" | "lease" | "worker"

/** A filter whose ids are numbers of jobs. */
export type QueryCommand = Omit<JobQuery.JobQuery, "ids" | "before"> & {
  readonly jobs?: ReadonlyArray<number>
  readonly beforeJob?: number
}

/** A job whose parents are numbers of jobs; those that are gone are left out. */
export type JobCommand = Partial<NewJob.NewJob> & { readonly parentJobs?: ReadonlyArray<number> }

/** A step that is done to both storages. */
export type Command =
  | { readonly _tag: "Insert"; readonly jobs: ReadonlyArray<JobCommand> }
  | { readonly _tag: "Register" | "Renew"; readonly worker: number; readonly leaseMillis: number }
  | { readonly _tag: "Leave"; readonly worker: number }
  | {
    readonly _tag: "Claim"
    readonly worker: number
    readonly queue: string
    readonly names: ReadonlyArray<string>
    readonly versionMax: number
    readonly limit: number
    readonly perTenant: number
    readonly suspects: boolean
    /** Slots of the worker; null leaves them out. */
    readonly slots: number | null
  }
  | {
    readonly _tag: "Settle"
    readonly claims: ReadonlyArray<readonly [claim: number, outcome: Outcome.Outcome]>
    readonly damage: Damage
  }
  | {
    readonly _tag: "Report"
    readonly claim: number
    readonly damage: Damage
    readonly fields: Pick<Outcome.Report, "progress" | "note" | "checkpoint" | "log" | "started">
  }
  | { readonly _tag: "Promote"; readonly limit: number }
  | { readonly _tag: "Reclaim" }
  | {
    readonly _tag: "Transition"
    /** Whether the numbers are those of jobs, or of claims, whose jobs are meant. */
    readonly by: "job" | "claim"
    readonly numbers: ReadonlyArray<number>
    readonly action: Storage.TransitionAction
  }
  | { readonly _tag: "Control"; readonly command: ControlCommand.ControlCommand }
  | { readonly _tag: "Advance"; readonly millis: number }
  | { readonly _tag: "Prune" }
  | { readonly _tag: "List"; readonly query: QueryCommand }

/** The names that jobs of the model have. */
export const names: ReadonlyArray<string> = ["SendMail", "Resize"]

/** The queues of the model. */
export const queues: ReadonlyArray<string> = ["default", "bulk"]

/** Makes a list of commands from a seed. Begins with workers, for without them nothing moves. */
export const generate = (seed: number, length: number): ReadonlyArray<Command> => {
  const random = makeRandom(seed)
  const commands: Array<Command> = [register(0), register(1), { _tag: "Control", command: declare("1.0.0", 2) }]
  while (commands.length < length) commands.push(...random.onceIn(8) ? story(random) : [command(random)])
  return random.onceIn(2) ? commands.slice(0, length).map(withoutLimits) : commands.slice(0, length)
}

/** Half of the sequences know no limits: what limits allow hides what is wrong with shares. */
const withoutLimits = (command: Command): Command =>
  command._tag === "Insert" ? { ...command, jobs: command.jobs.map((job) => ({ ...job, limits: [] })) } : command

const register = (worker: number): Command => ({ _tag: "Register", worker, leaseMillis: Fixture.leaseMillis })

/** A few commands in a row that chance alone would seldom bring together. */
const story = (random: Random): ReadonlyArray<Command> => {
  const worker = random.below(2)
  const insert: Command = { _tag: "Insert", jobs: random.list(1, 3, () => ({ ...job(random), delayMillis: 0 })) }
  switch (random.below(4)) {
    case 0: {
      const times = 1 + random.below(3)
      return [insert, ...Array.from({ length: times }, (_, n) => lostWorker(random, worker, n > 0)).flat()]
    }
    case 1:
      return [
        insert,
        claim(random),
        cancel,
        { _tag: "Renew", worker, leaseMillis: Fixture.leaseMillis },
        settle(random)
      ]
    case 2:
      return [
        insert,
        { _tag: "Insert", jobs: random.list(1, 3, () => ({ ...plainJob(random), ...waiting(random) })) },
        claim(random),
        settle(random),
        promotion(random),
        ...(random.onceIn(2) ? [cancel, promotion(random)] : [])
      ]
    default:
      return [insert, claim(random), settle(random), retry, claim(random)]
  }
}

/** Waits for some of the newest jobs. */
const waiting = (random: Random): JobCommand => ({
  debounce: null,
  parentJobs: random.list(1, 3, () => random.below(4))
})

const promotion = (random: Random): Command => ({ _tag: "Promote", limit: random.oneOf(1, 2, 1000) })

const cancel: Command = {
  _tag: "Transition",
  by: "claim",
  numbers: [0, 1],
  action: { _tag: "Cancel", reason: "changed our mind" }
}

const retry: Command = { _tag: "Transition", by: "claim", numbers: [0, 1], action: { _tag: "Retry" } }

/** A worker claims, is lost, hears of it, and comes again under a new id. */
const lostWorker = (random: Random, worker: number, suspects: boolean): ReadonlyArray<Command> => [
  { ...claim(random), worker, suspects, queue: "default", names } as Command,
  ...(random.onceIn(4) ? [cancel] : []),
  { _tag: "Advance", millis: Fixture.leaseMillis },
  { _tag: "Reclaim" },
  { _tag: "Renew", worker, leaseMillis: Fixture.leaseMillis },
  register(worker)
]

const command = (random: Random): Command => {
  const roll = random.below(100)
  if (roll < 18) return { _tag: "Insert", jobs: random.list(1, 5, () => job(random)) }
  if (roll < 38) return claim(random)
  if (roll < 55) return settle(random)
  if (roll < 60) return report(random)
  if (roll < 74) return sign(random)
  if (roll < 80) return { _tag: "Advance", millis: random.oneOf(1, 500, 1000, 1000, 5000, 7000, 15_000, 31_000) }
  if (roll < 85) return promotion(random)
  if (roll < 89) return { _tag: "Reclaim" }
  if (roll < 95) return transition(random)
  if (roll < 97) return control(random)
  if (roll < 99) return { _tag: "List", query: query(random) }
  return { _tag: "Prune" }
}

const job = (random: Random): JobCommand => withParents(random, plainJob(random))

/** A debounced job has none. */
const withParents = (random: Random, job: Partial<NewJob.NewJob>): JobCommand =>
  random.onceIn(6) && (job.debounce ?? null) === null
    ? { ...job, parentJobs: random.list(1, 3, () => random.below(random.oneOf(4, 12))) }
    : job

const plainJob = (random: Random): Partial<NewJob.NewJob> => ({
  name: random.oneOf("SendMail", "SendMail", "Resize"),
  version: random.oneOf(1, 1, 1, 2),
  queue: random.oneOf("default", "default", "default", "default", "bulk"),
  tenant: random.oneOf("", "", "acme", "zeta", "Ümlaut"),
  priority: random.oneOf(50, 50, 10, 0),
  payload: random.oneOf<NewJob.NewJob["payload"]>(null, { n: random.below(4), list: [1, { deep: "x" }] }, ["x", 2]),
  delayMillis: random.oneOf(0, 0, 0, 1000, 30_000),
  ...admission(random),
  tags: random.list(0, 2, () => random.oneOf("red", "blue"))
})

/** Keys, times to live and limits. */
const admission = (random: Random): Partial<NewJob.NewJob> => ({
  ttlMillis: random.onceIn(8) ? random.oneOf(500, 5000) : null,
  limits: random.onceIn(3) ? jobLimits(random) : [],
  ...(random.onceIn(12)
    ? { debounce: debounce(random), delayMillis: 0, unique: null }
    : { unique: random.onceIn(4) ? unique(random) : null })
})

const unique = (random: Random): NewJob.Unique => ({
  key: random.oneOf("k1", "k2"),
  ...random.oneOf<Omit<NewJob.Unique, "key">>(
    { holds: "finished", periodMillis: null },
    { holds: "finished", periodMillis: 5000 },
    { holds: "started", periodMillis: null },
    { holds: "started", periodMillis: 5000 },
    { holds: "period", periodMillis: 5000 }
  )
})

const debounce = (random: Random): NewJob.Debounce => ({
  key: random.oneOf("d1", "d2"),
  waitMillis: 1000,
  maxWaitMillis: random.oneOf(null, 1500),
  payload: random.oneOf("keep", "replace")
})

const jobLimits = (random: Random): NewJob.NewJob["limits"] => {
  const key = random.oneOf("a", "b")
  return random.oneOf(
    [{ name: "slots", key, weight: 1 }],
    [{ name: "rate", key: "", weight: random.oneOf(1, 1, 2, 9) }],
    [{ name: "line", key, weight: 1 }],
    [{ name: "line", key, weight: 1 }, { name: "slots", key: "a", weight: 1 }],
    [{ name: "slots", key, weight: 1 }, { name: "window", key: "", weight: random.oneOf(1, 2) }, {
      name: "rate",
      key,
      weight: 1
    }]
  )
}

const claim = (random: Random): Command => ({
  _tag: "Claim",
  worker: random.oneOf(0, 0, 1, 1, 2),
  queue: random.oneOf("default", "default", "default", "default", "bulk"),
  names: random.oneOf(names, names, names, ["SendMail"]),
  versionMax: random.oneOf(1, 2, 2),
  limit: random.oneOf(1, 2, 4, 10),
  perTenant: random.oneOf(1, 2, 20),
  suspects: random.onceIn(5),
  slots: random.oneOf(null, null, 1, 4)
})

const outcome = (random: Random): Outcome.Outcome => {
  const error = Fixture.failure(random.oneOf("full", "gone"))
  return random.oneOf<Outcome.Outcome>(
    { _tag: "Completed", result: random.oneOf(null, { ok: true }) },
    { _tag: "Completed", result: null },
    { _tag: "Retried", error, delayMillis: random.oneOf(0, 1000, 30_000) },
    { _tag: "Retried", error, delayMillis: 500 },
    { _tag: "Snoozed", delayMillis: random.oneOf(0, 1000) },
    { _tag: "Released" },
    { _tag: "Cancelled", reason: "asked to", error: random.oneOf(null, error) },
    { _tag: "Dead", reason: "exhausted", error },
    { _tag: "Quarantined", error },
    { _tag: "Snoozed", delayMillis: 1000, pause: { limit: "slots", key: random.oneOf("a", "b") } }
  )
}

const damage = (random: Random): Damage => random.onceIn(6) ? random.oneOf("token", "lease", "worker") : "none"

const settle = (random: Random): Command => ({
  _tag: "Settle",
  claims: random.list(1, 4, () => [random.below(random.oneOf(4, 12)), outcome(random)]),
  damage: damage(random)
})

const report = (random: Random): Command => ({
  _tag: "Report",
  claim: random.below(random.oneOf(2, 6)),
  damage: damage(random),
  fields: random.oneOf<Pick<Outcome.Report, "progress" | "note" | "checkpoint" | "log" | "started">>(
    { progress: 0.5 },
    { progress: 0.75, note: "almost" },
    { note: "begun" },
    { checkpoint: { row: 7 } },
    { started: true },
    { log: { level: "info", message: "line" } }
  )
})

const sign = (random: Random): Command => {
  const worker = random.oneOf(0, 0, 1, 1, 2)
  if (random.onceIn(12)) return { _tag: "Leave", worker }
  const leaseMillis = random.oneOf(Fixture.leaseMillis, Fixture.leaseMillis, 10_000)
  return { _tag: random.oneOf("Register", "Register", "Renew"), worker, leaseMillis }
}

const transition = (random: Random): Command => ({
  _tag: "Transition",
  by: random.oneOf("job", "claim"),
  numbers: random.list(1, 4, () => random.below(12)),
  action: random.oneOf<Storage.TransitionAction>(
    { _tag: "Cancel", reason: "changed our mind" },
    { _tag: "Retry" },
    { _tag: "Retry" },
    { _tag: "Promote" },
    { _tag: "Remove" },
    change(random),
    change(random)
  )
})

/** A time in the past or the future, or none. */
const change = (random: Random): Storage.TransitionAction => {
  const delayMillis = random.oneOf(null, null, 0, 1000, 30_000)
  return {
    _tag: "Change",
    priority: random.oneOf(null, 50, 10, 0),
    tags: random.oneOf(null, [], ["red"], ["green", "blue"]),
    delayMillis,
    runAt: delayMillis === null && random.onceIn(4)
      ? DateTime.makeUnsafe(Fixture.startMillis + random.oneOf(0, 5000, 60_000))
      : null
  }
}

const control = (random: Random): Command => ({
  _tag: "Control",
  command: random.oneOf<ControlCommand.ControlCommand>(
    {
      _tag: random.oneOf("PauseQueue", "ResumeQueue", "ResumeQueue", "ResumeQueue"),
      queue: random.oneOf("default", "bulk")
    },
    { _tag: random.oneOf("PauseTenant", "ResumeTenant", "ResumeTenant", "ResumeTenant"), tenant: "acme" },
    { _tag: random.oneOf("PauseName", "ResumeName", "ResumeName", "ResumeName"), name: "Resize" },
    { _tag: "PauseLimit", limit: "slots", key: random.oneOf(null, "a"), durationMillis: random.oneOf(1000, 10_000) },
    { _tag: "ResumeLimit", limit: "slots", key: random.oneOf(null, "a") },
    { _tag: "OverrideLimit", limit: "slots", key: random.oneOf(null, "b"), max: random.below(4), durationMillis: 5000 },
    { _tag: "ClearOverride", limit: "slots", key: random.oneOf(null, "b") },
    declare("2.0.0", 3)
  )
})

/** The limits of the model. */
const declare = (release: string, slots: number): ControlCommand.ControlCommand => ({
  _tag: "DeclareLimits",
  release,
  rules: [
    { name: "slots", kind: "concurrency", max: slots, perMillis: null, burst: null },
    { name: "rate", kind: "rate", max: 4, perMillis: 1000, burst: 3 },
    { name: "window", kind: "window", max: 3, perMillis: 5000, burst: null },
    { name: "line", kind: "order", max: 1, perMillis: null, burst: null }
  ]
})

const query = (random: Random): QueryCommand => ({
  limit: random.oneOf(1, 3, 50),
  ...(random.onceIn(3) ? { states: [random.oneOf("available", "running", "retryable", "pending"), "dead"] } : {}),
  ...(random.onceIn(3) ? { names: ["SendMail"] } : {}),
  ...(random.onceIn(3) ? { queues: ["default"] } : {}),
  ...(random.onceIn(3) ? { tenants: ["", "Ümlaut"] } : {}),
  ...(random.onceIn(3) ? { tags: ["red"] } : {}),
  ...(random.onceIn(3)
    ? { payload: random.oneOf<NewJob.NewJob["payload"]>({ n: 1 }, { list: [{ deep: "x" }] }, "x") }
    : {}),
  ...(random.onceIn(3) ? { jobs: random.list(0, 4, () => random.below(20)) } : {}),
  ...(random.onceIn(3) ? { beforeJob: random.below(20) } : {})
})
