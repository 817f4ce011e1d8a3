/**
 * What an insert and a promotion may answer.
 */
import type { InsertResult, NewJob } from "@millrace/storage/NewJob"
import type { Promoted } from "@millrace/storage/Storage"
import * as DateTime from "effect/DateTime"
import type { Scene } from "../bystander.ts"
import * as Facts from "../facts.ts"
import * as Port from "../port.ts"

/** Notes inserted jobs. At most one live job holds a unique key, and a free key refuses nobody. */
export const insert = (
  scene: Scene,
  jobs: ReadonlyArray<NewJob>,
  results: ReadonlyArray<InsertResult>,
  nowMillis: number
): void => {
  if (jobs.length !== results.length) scene.journal.breach("port", "insert answers not for every job")
  jobs.forEach((job, index) => {
    const result = results[index]
    if (result !== undefined) insertOne(scene, job, result, nowMillis)
  })
}

const insertOne = ({ facts, journal }: Scene, job: NewJob, { _tag, id }: InsertResult, nowMillis: number): void => {
  const key = Port.keyOf(job)
  const holder = key === null ? undefined : facts.keys.get(key)
  if (_tag === "Enqueued") {
    if (holder !== undefined) journal.breach("I10", `job ${id} has the unique key of live job ${holder}`)
    if (facts.jobs.has(id)) journal.breach("port", `id ${id} is given twice`)
    const dueMillis = job.runAt === null
      ? nowMillis + Math.ceil(job.delayMillis)
      : DateTime.toEpochMillis(job.runAt)
    return Facts.addJob(facts, id, job, dueMillis, nowMillis)
  }
  if (id !== holder) journal.breach("I10", `${_tag} of ${id}, but ${holder ?? "nobody"} holds the unique key`)
}

/** Notes promoted jobs: those that are due, all of them, and no others. */
export const promote = (
  { facts, journal }: Scene,
  { limit }: { readonly limit: number },
  promoted: Promoted,
  nowMillis: number
): void => {
  const waiting = Facts.waiting(facts)
  const due = waiting.filter(({ runAtMillis }) => runAtMillis <= nowMillis).slice(0, limit)
  if (promoted.count !== due.length) {
    journal.breach("port", `promote moved ${promoted.count} jobs, but ${due.length} were due`)
  }
  for (const job of due) Facts.makeAvailable(facts, job)
  const next = waiting[due.length]
  const nextMillis = next === undefined ? null : Math.max(0, next.runAtMillis - nowMillis)
  if (promoted.nextDueMillis !== nextMillis) {
    journal.breach("port", `promote expects the next job in ${promoted.nextDueMillis} ms, but it is ${nextMillis}`)
  }
}
