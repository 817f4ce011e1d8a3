/**
 * The inspection after the last job has ended: what the storage says must be what was seen to happen.
 */
import type { Attempt } from "@millrace/storage/Attempt"
import type { JobId } from "@millrace/storage/JobId"
import type { JobRecord } from "@millrace/storage/JobRecord"
import type { NewJob } from "@millrace/storage/NewJob"
import * as Effect from "effect/Effect"
import type { Scene } from "./bystander.ts"
import type { JobFact } from "./facts.ts"
import type { Service } from "./network.ts"
import * as Port from "./port.ts"

/** Compares the storage with the facts. */
export const inspect = (scene: Scene, storage: Service): void => {
  const { facts, journal, ledger } = scene
  const { items } = Effect.runSync(storage.list({ limit: 1_000 }))
  const records = new Map(items.map((record) => [record.id, record]))
  for (const [number, told] of ledger.told) {
    for (const id of told) {
      if (!records.has(id) && !facts.removed.has(id)) journal.breach("I1", `job ${id} (${number}) is lost`)
    }
  }
  if (records.size !== facts.jobs.size) journal.breach("I1", `${records.size} jobs are there, not ${facts.jobs.size}`)
  for (const job of facts.jobs.values()) {
    const record = records.get(job.id)
    if (record === undefined) journal.breach("I1", `job ${job.id} is lost`)
    else compare(scene, job, record, Effect.runSync(Port.historyOf(storage, job.id)))
  }
  checkKeys(scene, storage)
  for (const { rule, uses } of Effect.runSync(storage.inspect.limits)) {
    const held = uses.find((use) => use.held > 0)
    if (held !== undefined) journal.breach("I11", `key "${held.key}" of limit ${rule.name} is held by nobody`)
  }
}

const compare = ({ journal }: Scene, job: JobFact, record: JobRecord, history: ReadonlyArray<Attempt>): void => {
  const { crashes, failures, id, state, token } = job
  const said = `${record.state}, ${record.failures} failures, ${record.crashes} crashes, token ${record.token}`
  const seen = `${state}, ${failures} failures, ${crashes} crashes, token ${token}`
  if (said !== seen) journal.breach("I2", `job ${id} is said to be ${said}, but is ${seen}`)
  const told = history.map((attempt) => `${attempt.token} ${attempt.outcome}`).join(", ")
  const happened = [...job.ends].map(([number, { outcome }]) => `${number} ${outcome}`).join(", ")
  if (told !== happened) journal.breach("I14", `the history of job ${id} is "${told}", but "${happened}" happened`)
}

/** Every unique key is free again: nobody is refused because of a job that has ended. */
const checkKeys = ({ facts, journal }: Scene, storage: Service): void => {
  const probes = new Map<string, { readonly id: JobId; readonly input: NewJob }>()
  for (const { id, input } of facts.jobs.values()) {
    const key = Port.keyOf(input)
    if (key !== null) probes.set(key, { id, input })
  }
  for (const [key, { input }] of probes) {
    const [result] = Effect.runSync(storage.insert([input]))
    if (result?._tag !== "Enqueued") {
      journal.breach("I10", `unique key ${key} is held by ${result?.id}, which has ended`)
    }
  }
}
