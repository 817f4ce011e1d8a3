/**
 * A file beside the database that says what ran: one line an event, appended in one write, so that lines of several
 * processes do not mix and nothing that was written is lost when a process is killed.
 */
import { Effect, Schema } from "effect"
import { appendFileSync, readFileSync } from "node:fs"

/** The variable that names the file. */
export const variable = "LEDGER"

const Entry = Schema.Struct({
  event: Schema.Literals(["start", "end", "finalizer"]),
  id: Schema.String,
  attempt: Schema.Int,
  token: Schema.Int,
  leaseId: Schema.String,
  pid: Schema.Int,
  atMillis: Schema.Finite
})

/** An event. */
export type Entry = typeof Entry.Type

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Entry))

/** Writes down an event of a running job. */
export const write = (job: Pick<Entry, "id" | "attempt" | "token" | "leaseId">, event: Entry["event"]) =>
  Effect.sync(() => {
    const { attempt, id, leaseId, token } = job
    const entry: Entry = { event, id, attempt, token, leaseId, pid: process.pid, atMillis: Date.now() }
    appendFileSync(process.env[variable] ?? "", `${JSON.stringify(entry)}\n`)
  })

/** The events so far. */
export const read = (file: string): ReadonlyArray<Entry> =>
  readFileSync(file, { encoding: "utf8", flag: "a+" }).split("\n").filter((line) => line !== "").map((line) =>
    decode(line)
  )
