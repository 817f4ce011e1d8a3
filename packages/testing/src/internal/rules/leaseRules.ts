/**
 * What signs of life and reclaims may answer.
 */
import type { Reclaimed } from "@millrace/storage/Storage"
import type { RenewRequest, RenewResult } from "@millrace/storage/WorkerRecord"
import type { Scene } from "../bystander.ts"
import type { JobFact } from "../facts.ts"
import * as Facts from "../facts.ts"
import type { Process } from "../kernel.ts"
import * as SettleRules from "./settleRules.ts"

/** A job that crashed alone with at least this many crashes is dead. */
const crashesLimit = 3

/** Notes a sign of life. */
export const renew = (
  scene: Scene,
  process: Process,
  request: RenewRequest,
  result: RenewResult,
  nowMillis: number
): void => {
  const { facts, journal } = scene
  if (request._tag === "Leave") return leave(scene, request.workerId, nowMillis)
  if (request._tag === "Register") register(scene, process, request)
  const worker = facts.workers.get(request.workerId)
  if (worker === undefined || result._tag === "Lost") {
    if (worker !== undefined || result._tag !== "Lost") {
      journal.breach("I6", `${request._tag} of ${request.workerId} is answered with ${result._tag}`)
    }
    return
  }
  worker.renewedMillis = nowMillis
  worker.expiresMillis = nowMillis + request.leaseMillis
  checkAnswer(scene, worker, result)
}

const register = (
  { facts, processOf }: Scene,
  process: Process,
  { info, workerId }: Extract<RenewRequest, { readonly _tag: "Register" }>
): void => {
  processOf.set(workerId, process)
  const known = facts.workers.get(workerId)
  if (known !== undefined) known.info = info
  else facts.workers.set(workerId, { id: workerId, info, renewedMillis: 0, expiresMillis: 0 })
}

const checkAnswer = (
  { facts, journal }: Scene,
  { id, info }: Facts.WorkerFact,
  { cancellations, suspects }: Extract<RenewResult, { readonly _tag: "Renewed" }>
): void => {
  const asked = Facts.jobsOf(facts, id).filter(({ cancelReason }) => cancelReason !== null)
  const isSame = asked.length === cancellations.length
    && asked.every((job) => cancellations.some((other) => other.id === job.id && other.token === job.token))
  if (!isSame) journal.breach("cancel", `${id} hears of ${cancellations.length} cancellations, not of ${asked.length}`)
  const wait = [...facts.jobs.values()].some(({ input, isSuspect, state }) =>
    isSuspect && state === "available" && info.queues.includes(input.queue) && info.names.includes(input.name)
  )
  if (wait !== suspects) journal.breach("alone", `${id} is told that suspects wait: ${suspects}`)
}

const leave = ({ facts }: Scene, workerId: string, nowMillis: number): void => {
  facts.workers.delete(workerId)
  const released: Array<JobFact> = []
  for (const job of Facts.jobsOf(facts, workerId)) {
    SettleRules.end(facts, job, workerId, { _tag: "Released" }, nowMillis)
    if (job.state === "available") released.push(job)
  }
  if (released.length > 0) Facts.makeAvailableTogether(facts, released)
}

/** Notes jobs that were taken back: only from workers whose lease has ended, and all of them. */
export const reclaim = (
  scene: Scene,
  { limit }: { readonly limit: number },
  reclaimed: ReadonlyArray<Reclaimed>,
  nowMillis: number
): void => {
  const { facts, journal } = scene
  const leases = new Set(reclaimed.map(({ id }) => facts.jobs.get(id)?.claim?.leaseId))
  const available: Array<JobFact> = []
  for (const each of reclaimed) {
    const job = takeBack(scene, each, nowMillis)
    if (job?.state === "available") available.push(job)
  }
  if (available.length > 0) Facts.makeAvailableTogether(facts, available)
  for (const worker of facts.workers.values()) {
    if (worker.expiresMillis <= nowMillis) facts.workers.delete(worker.id)
  }
  if (leases.size >= limit) return
  const left = [...facts.jobs.values()].find(({ claim }) => claim !== null && !facts.workers.has(claim.workerId))
  if (left !== undefined) journal.breach("I7", `reclaim leaves job ${left.id} to a lost worker`)
}

const takeBack = (scene: Scene, reclaimed: Reclaimed, nowMillis: number): JobFact | undefined => {
  const { facts, journal } = scene
  const { crashes, id, to, token, workerId } = reclaimed
  const job = facts.jobs.get(id)
  const claim = job?.claim
  if (job === undefined || claim === undefined || claim === null) {
    journal.breach("port", `job ${id} is taken back, but nobody holds it`)
    return undefined
  }
  checkLoss(scene, job, nowMillis)
  const { hasStarted, isAlone } = claim
  if (hasStarted) job.crashes += 1
  const isDead = isAlone && hasStarted && job.crashes >= crashesLimit
  const fate = job.cancelReason !== null ? "cancelled" : isDead ? "dead" : "available"
  if (to !== fate) journal.breach("I4", `job ${id} becomes ${to} after crash ${job.crashes}, not ${fate}`)
  if (crashes !== job.crashes || token !== claim.token || workerId !== claim.workerId) {
    journal.breach("port", `job ${id} is taken back from ${workerId}: crash ${crashes}, token ${token}`)
  }
  job.ends.set(claim.token, {
    workerId: claim.workerId,
    settledAs: fate === "cancelled" ? "Cancelled" : hasStarted ? null : "Released",
    outcome: fate === "cancelled" ? "cancelled" : hasStarted ? "crashed" : "released"
  })
  if (fate === "available") {
    job.isSuspect = true
    job.state = "available"
    job.claim = null
  } else Facts.finish(facts, job, fate)
  return job
}

/** A worker that nothing happened to loses nothing. */
const checkLoss = (scene: Scene, job: JobFact, nowMillis: number): void => {
  const { facts, journal, processOf } = scene
  const workerId = job.claim?.workerId ?? ""
  const worker = facts.workers.get(workerId)
  if (worker === undefined) return
  if (worker.expiresMillis > nowMillis) {
    journal.breach("I6", `job ${job.id} is taken back from ${workerId}, whose lease goes on`)
  }
  const process = processOf.get(workerId)
  if (process !== undefined && !scene.isExcused(process, worker.renewedMillis)) {
    journal.breach("I5", `job ${job.id} is taken back from ${workerId}, which nothing has happened to`)
  }
}
