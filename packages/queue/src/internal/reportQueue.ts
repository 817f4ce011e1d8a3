/**
 * Reports of running handlers on their way to the storage: progress, log lines, checkpoints.
 */
import type { Report } from "@millrace/storage/Outcome"
import * as Latch from "effect/Latch"
import type { Mutable } from "effect/Types"
import * as Defaults from "../Defaults.ts"
import type { Held } from "./claimTable.ts"

/** A report to be written, and who waits for it. */
export interface Entry {
  readonly held: Held
  readonly report: Mutable<Report>
  readonly written: (() => void) | null
}

/** The reports that wait. */
export interface ReportQueue {
  entries: Array<Entry>
  /** The last waiting report of an attempt: newer progress goes into it. */
  readonly last: Map<Held, Entry>
  readonly wake: Latch.Latch
  /** Open while there is room. */
  readonly room: Latch.Latch
}

/** What a report says beside its fence. */
export type Content = Omit<Report, "id" | "leaseId" | "token">

/** No reports. */
export const make = (): ReportQueue => ({
  entries: [],
  last: new Map(),
  wake: Latch.makeUnsafe(false),
  room: Latch.makeUnsafe(true)
})

/** Adds a report. Progress joins the attempt's last waiting report: only the newest counts. */
export const add = (queue: ReportQueue, held: Held, content: Content, written: (() => void) | null): void => {
  const last = queue.last.get(held)
  held.hasReport = true
  if (last !== undefined && content.log === undefined && written === null) Object.assign(last.report, content)
  else addEntry(queue, held, content, written)
  queue.wake.openUnsafe()
}

const addEntry = (queue: ReportQueue, held: Held, content: Content, written: (() => void) | null): void => {
  const { id, leaseId, token } = held.claim
  const entry: Entry = { held, report: { id, leaseId, token, ...content }, written }
  queue.entries.push(entry)
  queue.last.set(held, entry)
  held.reportsWaiting += 1
  if (queue.entries.length >= Defaults.reportBacklog) queue.room.closeUnsafe()
}

/** Takes the oldest reports, at most `limit`, all of one session. */
export const take = (queue: ReportQueue, limit: number): ReadonlyArray<Entry> => {
  const session = queue.entries[0]?.held.session
  const end = queue.entries.findIndex((entry, index) => index >= limit || entry.held.session !== session)
  const taken = queue.entries.splice(0, end === -1 ? queue.entries.length : end)
  for (const entry of taken) if (queue.last.get(entry.held) === entry) queue.last.delete(entry.held)
  if (queue.entries.length < Defaults.reportBacklog) queue.room.openUnsafe()
  return taken
}
