/**
 * The reasons why a job does not run, as text for people.
 *
 * @since 0.1.0
 */
import type { ExplanationView, ReasonView } from "@millrace/api/AdmissionView"
import * as Output from "./Output.ts"

/** Holders that are listed: the rest is counted. */
const listed = 5

/**
 * One reason in a sentence, with what would change it.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const reason = (reason: ReasonView): string => {
  switch (reason.tag) {
    case "Paused":
      return `the ${reason.what} ${reason.key === "" ? "of jobs without one" : reason.key} is paused since ${
        Output.instant(reason.since)
      }`
    case "ScheduledUntil":
      return `it is due at ${Output.instant(reason.at)}${reason.why === "retryable" ? ", for its next attempt" : ""}`
    case "LimitFull":
      return `the limit ${reason.name} (${reason.key}) is full: ${reason.max} at a time, held by ${
        jobs(reason.holders)
      }`
    case "RateRefillsAt":
      return `the limit ${reason.name} (${reason.key}) has no permits left until ${Output.instant(reason.at)}`
    case "LimitPaused":
      return `the limit ${reason.name}${reason.key === null ? "" : ` (${reason.key})`} is paused ${
        reason.until === null ? "until it is resumed" : `until ${Output.instant(reason.until)}`
      }`
    case "LimitUndeclared":
      return `no worker and no producer declared the limit ${reason.name}`
    case "BehindInTenant":
      return `${reason.count} jobs of its queue and tenant come first`
    case "WorkersBusy":
      return `all ${reason.slots} slots of ${reason.workers} workers are taken`
    case "WaitingForParents":
      return `it waits for ${jobs(reason.parents)}`
    case "NoWorker":
      return noWorker(reason)
    case "SuspectIsolation":
      return `its worker died ${reason.crashes} times while it ran: it waits to run alone`
    case "Expired":
      return `its time to live ended at ${Output.instant(reason.at)}: it is about to be cancelled`
    case "Running":
      return `it runs since ${Output.instant(reason.since)} on ${reason.workerId ?? "a worker"}`
    case "Quarantined":
      return `its payload can not be read${reason.error === null ? "" : `: ${reason.error.message}`}`
    case "Finished":
      return `it is ${reason.state}`
    case "WouldRunNow":
      return "nothing is in its way: the next claim takes it"
  }
}

const jobs = (ids: ReadonlyArray<string>): string =>
  `job ${ids.slice(0, listed).join(", ")}${ids.length > listed ? ` and ${ids.length - listed} more` : ""}`

const noWorker = ({ name, reason, version }: Extract<ReasonView, { readonly tag: "NoWorker" }>): string => {
  switch (reason) {
    case "none":
      return "no worker is alive"
    case "queue":
      return "no live worker works for its queue"
    case "name":
      return `no live worker has a handler of ${name}`
    case "version":
      return `no live worker takes version ${version} of ${name}`
  }
}

/**
 * An explanation: the job's state, and a line for each reason.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const explanation = ({ id, reasons, state }: ExplanationView): string =>
  [`job ${id} is ${state}`, ...reasons.map((each) => `- ${reason(each)}`)].join("\n")
