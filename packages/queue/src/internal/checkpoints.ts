/**
 * The checkpoint of an attempt: what the handler remembers, and the sleeps that it has begun.
 *
 * A job has one stored checkpoint. Without sleeps it is the handler's own value as it is; with them an envelope around
 * it. Read at most once an attempt, and only when an earlier write may have left something.
 */
import type { Storage } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Defaults from "../Defaults.ts"
import { InvalidOption } from "../QueueError.ts"
import type { Held } from "./claimTable.ts"
import * as EncodedStorage from "./encodedStorage.ts"

/** A sleep that has begun: until when, by the clock of the worker that began it, and the value of what came before. */
export type Sleep = { readonly untilMillis: number; readonly value: Schema.Json }

/** What an attempt knows of its job's checkpoint. */
export interface Checkpoint {
  readonly own: Option.Option<Schema.Json>
  readonly sleeps: { readonly [name: string]: Sleep }
}

/** No checkpoint. */
const none: Checkpoint = { own: Option.none(), sleeps: {} }

/** The field that tells an envelope from a value of the handler's own. */
const mark = "millrace:sleeps"

const Envelope = Schema.Struct({
  [mark]: Schema.Record(Schema.String, Schema.Struct({ untilMillis: Schema.Finite, value: Schema.Json })),
  own: Schema.optionalKey(Schema.Json)
})

const decode = Schema.decodeUnknownOption(Envelope)

/** What is stored. */
export const toJson = ({ own, sleeps }: Checkpoint): Schema.Json => {
  const value = Option.getOrUndefined(own)
  if (Object.keys(sleeps).length === 0 && value !== undefined && !isEnvelope(value)) return value
  return { [mark]: sleeps, ...(value === undefined ? {} : { own: value }) }
}

/** What was stored. */
export const fromJson = (json: Schema.Json): Checkpoint =>
  Option.match(isEnvelope(json) ? decode(json) : Option.none(), {
    onNone: () => ({ own: Option.some(json), sleeps: {} }),
    onSome: (envelope) => ({
      own: envelope.own === undefined ? Option.none() : Option.some(envelope.own),
      sleeps: envelope[mark]
    })
  })

const isEnvelope = (json: Schema.Json): boolean =>
  typeof json === "object" && json !== null && !Array.isArray(json) && Object.hasOwn(json, mark)

/** Reads the checkpoint that earlier writes left behind. An outage of the storage is waited for. */
export const read = (storage: Storage["Service"], { claim, hasReport }: Held): Effect.Effect<Checkpoint> =>
  hasReport
    ? storage.list({ ids: [claim.id], limit: 1 }).pipe(
      Effect.retry({ while: isTransient, schedule: Schedule.spaced(Defaults.backoffMillis * 5) }),
      Effect.orDie,
      Effect.flatMap(({ items: [record] }) => {
        if (record?.checkpoint === undefined) return Effect.succeed(none)
        // Going on without it would repeat what is done, and going on with the ciphertext is worse.
        return EncodedStorage.isCheckpointReadable(record)
          ? Effect.succeed(fromJson(record.checkpoint))
          : Effect.die(unreadable)
      })
    )
    : Effect.succeed(none)

const unreadable = new InvalidOption({
  field: "checkpoint",
  detail: "the stored one can not be decrypted here: give this worker the key back"
})

const isTransient = (error: StorageError): boolean => error.isTransient
