/**
 * The job of the benchmarks: also the module that the server under measure loads.
 */
import { Job } from "@millrace/queue"
import { Schema } from "effect"

export const Bench = Job.make("bench", {
  payload: Schema.Struct({
    n: Schema.Number,
    at: Schema.Number,
    pad: Schema.String,
    tenant: Schema.optionalKey(Schema.String)
  })
})
