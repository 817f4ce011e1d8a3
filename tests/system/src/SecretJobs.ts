/**
 * A job with something to hide. This is the module of a user, which worker and server load.
 */
import { Job, Redaction } from "@millrace/queue"
import { Effect, Schema } from "effect"

/** Answers what it was told. */
export const Whisper = Job.make("whisper", {
  payload: { text: Schema.String.pipe(Redaction.redacted), to: Schema.String },
  success: Schema.Struct({ heard: Schema.String, letters: Schema.Int })
})

/** The handler of `Whisper`. */
export const WhisperLive = Whisper.toLayer(({ text, to }, job) =>
  Effect.as(job.log(`whispering to ${to}: ${text}`), { heard: text, letters: text.length })
)
