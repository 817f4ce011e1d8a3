/**
 * A module as a user would name it in `MILLRACE_JOBS`.
 */
import { Job } from "@millrace/queue"
import { Schema } from "effect"

export const Resize = Job.make("Resize", { payload: { width: Schema.Int } })

export const all = [Resize, Job.make("Translate", { payload: { text: Schema.String } })]

export default Job.make("Index", { payload: { id: Schema.String } })

export const somethingElse = { name: "nothing" }
