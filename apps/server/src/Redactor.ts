/**
 * What of jobs may be shown: fields that their definitions mark are hidden, and on demand all data of jobs that nobody
 * defined here.
 *
 * @since 0.1.0
 */
import { JobRegistry, Redaction } from "@millrace/queue"
import type { Attempt, JobRecord, ScheduleRecord } from "@millrace/storage"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * Hides what may not be shown. `hides` tells whether there is anything to hide at all.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export class Redactor extends Context.Service<Redactor, {
  readonly hides: boolean
  readonly job: (record: JobRecord.JobRecord) => JobRecord.JobRecord
  readonly attempt: (name: string, attempt: Attempt.Attempt) => Attempt.Attempt
  readonly schedule: (record: ScheduleRecord.ScheduleRecord) => ScheduleRecord.ScheduleRecord
}>()("@millrace/server/Redactor") {}

/**
 * A redactor for the registered definitions. `hidesUnknown`: of jobs without a definition it shows no data.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (hidesUnknown: boolean): Layer.Layer<Redactor> =>
  Layer.effect(Redactor, Effect.map(JobRegistry.JobRegistry, (registry) => Redactor.of(make(registry, hidesUnknown))))

const make = ({ definitions }: JobRegistry.Registered, hidesUnknown: boolean): Redactor["Service"] => ({
  hides: hidesUnknown || [...definitions.values()].some(Redaction.hides),
  job: (record) => {
    const definition = definitions.get(record.name)
    return definition === undefined ? (hidesUnknown ? unknown(record) : record) : Redaction.job(definition, record)
  },
  attempt: (name, attempt) => {
    const definition = definitions.get(name)
    if (attempt.error === null || (definition === undefined && !hidesUnknown)) return attempt
    return {
      ...attempt,
      error: definition === undefined ? withoutData(attempt.error) : Redaction.failure(definition, attempt.error)
    }
  },
  schedule: (record) => {
    const { job } = record
    const definition = definitions.get(job.name)
    if (definition === undefined && !hidesUnknown) return record
    const payload = definition === undefined
      ? Redaction.hidden
      : Redaction.payload(definition, job.payload, job.version)
    return { ...record, job: { ...job, payload } }
  }
})

const unknown = (record: JobRecord.JobRecord): JobRecord.JobRecord => ({
  ...record,
  payload: Redaction.hidden,
  result: record.result === null ? null : Redaction.hidden,
  error: record.error === null ? null : withoutData(record.error)
})

const withoutData = (failure: NonNullable<Attempt.Attempt["error"]>): NonNullable<Attempt.Attempt["error"]> =>
  failure.data === undefined ? failure : { ...failure, data: Redaction.hidden }
