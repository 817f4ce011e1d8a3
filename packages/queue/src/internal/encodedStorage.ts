/**
 * The storage as `Queue` and `Worker` use it when there is a payload codec: what they write is encoded, what they read
 * decoded.
 *
 * Only the payload of a claim is left as it is: the runner decodes it, since what can not be decoded is to be quarantined.
 * What a reader can not decode he sees as it is stored; who would go on from it asks `isPayloadReadable` first. A codec that
 * throws is refused like data that the storage can not hold, so that one job's data holds up no other job.
 */
import type { Attempt } from "@millrace/storage/Attempt"
import type { LogEntry } from "@millrace/storage/Inspection"
import { JobFailure } from "@millrace/storage/JobFailure"
import type { JobId } from "@millrace/storage/JobId"
import type { JobRecord, Progress } from "@millrace/storage/JobRecord"
import type { NewJob } from "@millrace/storage/NewJob"
import type { Outcome, Report, Settlement } from "@millrace/storage/Outcome"
import type { Storage } from "@millrace/storage/Storage"
import * as StorageError from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import type { Binding, Codec } from "../PayloadCodec.ts"
import { isEncrypted } from "../PayloadCodec.ts"
import type { Converted } from "./jobCodec.ts"

/** A storage behind a codec; the storage itself without one. */
export const make = (storage: Storage["Service"], codec: Codec | null): Storage["Service"] =>
  codec === null ? storage : behind(storage, codec)

const behind = (storage: Storage["Service"], codec: Codec): Storage["Service"] => {
  const { inspect } = storage
  return {
    ...storage,
    insert: (jobs) => Effect.flatMap(encoded("insert", jobs, (job) => encodeJob(codec, job)), storage.insert),
    report: (workerId, reports) =>
      Effect.flatMap(
        encoded("report", reports, (report) => encodeReport(codec, report)),
        (all) => storage.report(workerId, all)
      ),
    settle: (workerId, settlements) =>
      Effect.flatMap(
        encoded("settle", settlements, (settlement) => encodeSettlement(codec, settlement)),
        (all) => storage.settle(workerId, all)
      ),
    list: (query) =>
      Effect.map(
        storage.list(query),
        (page) => ({ ...page, items: page.items.map((job) => decodeRecord(codec, job)) })
      ),
    inspect: {
      ...inspect,
      history: (id) =>
        Effect.map(inspect.history(id), (all) => all.map((attempt) => decodeAttempt(codec, id, attempt))),
      logs: (id) => Effect.map(inspect.logs(id), (all) => all.map((entry) => decodeEntry(codec, id, entry))),
      explain: (id) =>
        Effect.map(
          inspect.explain(id),
          (facts) => facts === null ? null : { ...facts, job: decodeRecord(codec, facts.job) }
        )
    }
  }
}

/** A codec of the user's own may throw. What it says then may hold what was to be encoded: it is not repeated. */
const encoded = <A>(
  operation: string,
  all: ReadonlyArray<A>,
  encode: (each: A) => A
): Effect.Effect<ReadonlyArray<A>, StorageError.StorageError> =>
  Effect.try({
    try: () => all.map(encode),
    catch: () =>
      new StorageError.StorageError({
        reason: new StorageError.Invalid({ operation, field: "data", detail: "the payload codec threw" })
      })
  })

/** The payload of a claim. Without a codec an encrypted one fits no schema, whatever that says. */
export const decodePayload = (
  codec: Codec | null,
  { name, payload }: { readonly name: string; readonly payload: Schema.Json }
): Converted<Schema.Json> => {
  if (codec === null) return isEncrypted(payload) ? unreadable(noKeys) : { _tag: "Fits", value: payload }
  const decoded = decodeSafely(codec, payload, { purpose: "payload", subject: name })
  return Result.isSuccess(decoded) ? { _tag: "Fits", value: decoded.success } : unreadable(decoded.failure)
}

const noKeys = "it is encrypted, and there are no keys here"

const unreadable = (detail: string): Converted<never> => ({ _tag: "Misfit", misfit: { field: "$", detail } })

/** A codec of the user's own may throw. */
const decodeSafely = (codec: Codec, value: Schema.Json, binding: Binding): Result.Result<Schema.Json, string> => {
  try {
    return codec.decode(value, binding)
  } catch {
    return Result.fail("the payload codec threw")
  }
}

const encodeJob = (codec: Codec, job: NewJob): NewJob => ({
  ...job,
  payload: codec.encode(job.payload, { purpose: "payload", subject: job.name })
})

const encodeReport = (codec: Codec, report: Report): Report => {
  const { checkpoint, id, log, note } = report
  return {
    ...report,
    ...(checkpoint === undefined
      ? {}
      : { checkpoint: codec.encode(checkpoint, { purpose: "checkpoint", subject: id }) }),
    ...(note === undefined ? {} : { note: encodeText(codec, note, { purpose: "note", subject: id }) }),
    ...(log === undefined
      ? {}
      : { log: { ...log, message: encodeText(codec, log.message, { purpose: "log", subject: id }) } })
  }
}

const encodeSettlement = (codec: Codec, settlement: Settlement): Settlement => ({
  ...settlement,
  outcome: encodeOutcome(codec, settlement.id, settlement.outcome)
})

const encodeOutcome = (codec: Codec, id: JobId, outcome: Outcome): Outcome => {
  switch (outcome._tag) {
    case "Completed":
      return outcome.result === null
        ? outcome
        : { ...outcome, result: codec.encode(outcome.result, { purpose: "result", subject: id }) }
    case "Retried":
    case "Dead":
    case "Quarantined":
      return { ...outcome, error: encodeFailure(codec, id, outcome.error) }
    case "Cancelled":
      return outcome.error === null ? outcome : { ...outcome, error: encodeFailure(codec, id, outcome.error) }
    case "Snoozed":
    case "Released":
      return outcome
  }
}

/** What stands in place of an encoded message, and tells that `data` holds it. */
const hidden = "<encoded>"

/** An error is what is stored when nothing else can be: it takes a codec that throws. */
const encodeFailure = (codec: Codec, id: JobId, failure: JobFailure): JobFailure => {
  const { tag, ...details } = failure
  const data = Result.try(() => codec.encode(details, { purpose: "error", subject: id }))
  if (Result.isFailure(data)) return { tag, message: "the payload codec threw: what the error says is lost" }
  return data.success === details ? failure : { tag, message: hidden, data: data.success }
}

const decodeFailure = (codec: Codec, id: JobId, failure: JobFailure): JobFailure => {
  const { data, message, tag } = failure
  if (message !== hidden || data === undefined) return failure
  const details = decodeDetails(decodeOr(codec, data, { purpose: "error", subject: id }))
  return Option.match(details, { onNone: () => failure, onSome: (found) => ({ tag, ...found }) })
}

const decodeDetails = Schema.decodeUnknownOption(JobFailure.mapFields(Struct.omit(["tag"])))

/** What an encoded text begins with. */
const mark = "millrace:encoded:"

const encodeText = (codec: Codec, text: string, binding: Binding): string => {
  const encoded = codec.encode(text, binding)
  return encoded === text ? text : `${mark}${JSON.stringify(encoded)}`
}

const decodeText = (codec: Codec, text: string, binding: Binding): string => {
  if (!text.startsWith(mark)) return text
  const parsed = Result.try((): Schema.Json => JSON.parse(text.slice(mark.length)))
  if (Result.isFailure(parsed)) return text
  const decoded = decodeOr(codec, parsed.success, binding)
  return typeof decoded === "string" ? decoded : text
}

const decodeOr = (codec: Codec, value: Schema.Json, binding: Binding): Schema.Json =>
  Result.getOrElse(decodeSafely(codec, value, binding), () => value)

/** Records of which something could not be decoded. */
const unreadablePayloads = new WeakSet<JobRecord>()
const unreadableCheckpoints = new WeakSet<JobRecord>()

/** Whether a payload that was read is the job's own, and not what is stored of it. */
export const isPayloadReadable = (job: JobRecord): boolean => !unreadablePayloads.has(job) && !isEncrypted(job.payload)

/** Whether a checkpoint that was read is the handler's own, and not what is stored of it. */
export const isCheckpointReadable = (job: JobRecord): boolean =>
  !unreadableCheckpoints.has(job) && (job.checkpoint === undefined || !isEncrypted(job.checkpoint))

const decodeRecord = (codec: Codec, job: JobRecord): JobRecord => {
  const { checkpoint, error, id, name, payload, progress, result } = job
  const ownPayload = decodeSafely(codec, payload, { purpose: "payload", subject: name })
  const ownCheckpoint = checkpoint === undefined
    ? undefined
    : decodeSafely(codec, checkpoint, { purpose: "checkpoint", subject: id })
  const decoded: JobRecord = {
    ...job,
    payload: Result.getOrElse(ownPayload, () => payload),
    result: result === null ? null : decodeOr(codec, result, { purpose: "result", subject: id }),
    error: error === null ? null : decodeFailure(codec, id, error),
    progress: progress === null ? null : decodeProgress(codec, id, progress),
    ...(ownCheckpoint !== undefined && Result.isSuccess(ownCheckpoint) ? { checkpoint: ownCheckpoint.success } : {})
  }
  if (Result.isFailure(ownPayload)) unreadablePayloads.add(decoded)
  if (ownCheckpoint !== undefined && Result.isFailure(ownCheckpoint)) unreadableCheckpoints.add(decoded)
  return decoded
}

const decodeProgress = (codec: Codec, id: JobId, { note, value }: Progress): Progress => ({
  value,
  note: note === null ? null : decodeText(codec, note, { purpose: "note", subject: id })
})

const decodeAttempt = (codec: Codec, id: JobId, attempt: Attempt): Attempt =>
  attempt.error === null ? attempt : { ...attempt, error: decodeFailure(codec, id, attempt.error) }

const decodeEntry = (codec: Codec, id: JobId, entry: LogEntry): LogEntry => ({
  ...entry,
  message: decodeText(codec, entry.message, { purpose: "log", subject: id })
})
