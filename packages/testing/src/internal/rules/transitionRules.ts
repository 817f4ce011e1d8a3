/**
 * What cancelling, retrying, changing, removing and pausing may answer.
 */
import type { ControlCommand } from "@millrace/storage/ControlCommand"
import type { JobId } from "@millrace/storage/JobId"
import type { TransitionAction, TransitionResult } from "@millrace/storage/Storage"
import * as DateTime from "effect/DateTime"
import type { Scene } from "../bystander.ts"
import type { JobFact } from "../facts.ts"
import * as Facts from "../facts.ts"
import * as Port from "../port.ts"

/** Notes what an operator did with jobs. */
export const transition = (
  { facts, journal }: Scene,
  ids: ReadonlyArray<JobId>,
  action: TransitionAction,
  results: ReadonlyArray<TransitionResult>,
  nowMillis: number
): void => {
  for (const id of new Set(ids)) {
    const job = facts.jobs.get(id)
    const result = results.find((each) => each.id === id)
    const expected = job === undefined ? undefined : act(facts, job, action, nowMillis)
    if (result?.to !== expected) {
      journal.breach("I2", `${action._tag} of job ${id} is answered with ${result?.to}, not ${expected}`)
    }
  }
}

/** Notes a pause or its end. */
export const control = ({ facts }: Scene, command: ControlCommand): void => {
  if (command._tag === "PauseQueue") facts.paused.add(command.queue)
  if (command._tag === "ResumeQueue") facts.paused.delete(command.queue)
  if (command._tag === "DeclareLimits") { for (const { max, name } of command.rules) facts.limits.set(name, max) }
}

const act = (facts: Facts.Facts, job: JobFact, action: TransitionAction, nowMillis: number): TransitionResult["to"] => {
  if (action._tag === "Cancel") return cancel(facts, job, action.reason)
  if (action._tag === "Promote") return promote(facts, job)
  if (action._tag === "Change") return change(facts, job, action, nowMillis)
  return action._tag === "Retry" ? retry(facts, job) : remove(facts, job)
}

const cancel = (facts: Facts.Facts, job: JobFact, reason: string): TransitionResult["to"] => {
  if (job.state === "completed" || job.state === "cancelled") return "refused"
  if (job.state === "running") {
    job.cancelReason ??= reason
    return "requested"
  }
  Facts.finish(facts, job, "cancelled")
  return "cancelled"
}

const promote = (facts: Facts.Facts, job: JobFact): TransitionResult["to"] => {
  if (job.state !== "scheduled" && job.state !== "retryable") return "refused"
  Facts.makeAvailable(facts, job)
  return "available"
}

const change = (
  facts: Facts.Facts,
  job: JobFact,
  { delayMillis, priority, runAt }: Extract<TransitionAction, { readonly _tag: "Change" }>,
  nowMillis: number
): TransitionResult["to"] => {
  const dueMillis = delayMillis === null
    ? runAt === null ? null : DateTime.toEpochMillis(runAt)
    : nowMillis + delayMillis
  if (job.state === "available" && !job.isSuspect) {
    if (dueMillis !== null && dueMillis > nowMillis) Facts.makeWait(job, "scheduled", dueMillis)
    else if (priority !== null && priority !== job.input.priority) Facts.makeAvailable(facts, job)
  } else if (job.state === "scheduled" || job.state === "retryable") {
    if (dueMillis !== null) job.runAtMillis = Math.max(nowMillis, dueMillis)
  } else return "refused"
  if (priority !== null) job.input = { ...job.input, priority }
  return job.state
}

const retry = (facts: Facts.Facts, job: JobFact): TransitionResult["to"] => {
  if (job.state === "scheduled" || job.state === "retryable") return promote(facts, job)
  if (job.state !== "dead" && job.state !== "cancelled") return "refused"
  const key = Port.keyOf(job.input)
  if (key !== null && facts.keys.has(key)) return "refused"
  if (key !== null) facts.keys.set(key, job.id)
  job.failures = 0
  job.crashes = 0
  Facts.makeAvailable(facts, job)
  return "available"
}

const remove = (facts: Facts.Facts, job: JobFact): TransitionResult["to"] => {
  if (job.state === "running") return "refused"
  Facts.freeKey(facts, job)
  facts.jobs.delete(job.id)
  facts.removed.add(job.id)
  return "removed"
}
