/**
 * The storage of schedules behind a payload codec: the payloads of schedules are written encoded and read decoded.
 *
 * The jobs that a schedule fires take its payload as it is stored. A payload that nobody changes stays as it is stored,
 * also when it can not be decoded here.
 */
import type { Codec } from "@millrace/queue/PayloadCodec"
import type { Schedule, ScheduledJob } from "@millrace/storage/ScheduleRecord"
import type { ScheduleStorage } from "@millrace/storage/ScheduleStorage"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"

/** A storage of schedules behind a codec; the storage itself without one. */
export const make = (storage: ScheduleStorage["Service"], codec: Codec | null): ScheduleStorage["Service"] =>
  codec === null ? storage : {
    ...storage,
    get: (name) => Effect.map(storage.get(name), (found) => found === null ? null : decoded(codec, found)),
    list: (query) =>
      Effect.map(storage.list(query), (page) => ({ ...page, items: page.items.map((each) => decoded(codec, each)) })),
    modify: (name, decide) =>
      Effect.map(
        storage.modify(name, (stored, now) => {
          const current = stored === null ? null : decoded(codec, stored)
          const change = decide(current, now)
          const { write } = change
          return typeof write === "string"
            ? change
            : { ...change, write: { ...write, job: rewritten(codec, write.job, current?.job, stored?.job) } }
        }),
        (modified) => ({
          ...modified,
          schedule: modified.schedule === null ? null : decoded(codec, modified.schedule)
        })
      )
  }

const decoded = <S extends Schedule>(codec: Codec, schedule: S): S => ({
  ...schedule,
  job: { ...schedule.job, payload: Result.getOrElse(opened(codec, schedule.job), () => schedule.job.payload) }
})

/** A codec of the user's own may throw at one schedule: that must not hold up the others. */
const opened = (codec: Codec, job: ScheduledJob) =>
  Result.flatMap(Result.try(() => codec.decode(job.payload, bindingOf(job))), (result) => result)

/** The same payload of the same job keeps its stored form. */
const rewritten = (
  codec: Codec,
  job: ScheduledJob,
  current: ScheduledJob | undefined,
  stored: ScheduledJob | undefined
): ScheduledJob => ({
  ...job,
  payload: stored !== undefined && job.payload === current?.payload && job.name === current.name
    ? stored.payload
    : codec.encode(job.payload, bindingOf(job))
})

const bindingOf = ({ name }: ScheduledJob) => ({ purpose: "payload", subject: name }) as const
