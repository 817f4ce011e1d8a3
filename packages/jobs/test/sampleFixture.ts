import { JobState } from "@millrace/storage"
import type { Sample, Storage, WorkerRecord } from "@millrace/storage"
import { DateTime } from "effect"

/** The number of jobs in each state, 0 unless given. */
export const counts = (given: Partial<Storage.QueueCounts["counts"]> = {}): Storage.QueueCounts["counts"] => ({
  ...(Object.fromEntries(JobState.states.map((state) => [state, 0])) as Storage.QueueCounts["counts"]),
  ...given
})

/** A probe of the queue `mail` that found nothing. */
export const probe = (fields: Partial<Sample.QueueProbe> = {}): Sample.QueueProbe => ({
  queue: "mail",
  oldestWaitingMillis: null,
  longestRunningMillis: null,
  completed: 0,
  cancelled: 0,
  dead: 0,
  waits: null,
  runs: null,
  waitingNames: [],
  ...fields
})

/** A sample of the queue `mail` in which nothing happened. */
export const sample = (
  { counts: given, ...fields }: Partial<Omit<Sample.NewSample, "counts">> & {
    readonly counts?: Partial<Storage.QueueCounts["counts"]>
  } = {}
): Sample.NewSample => {
  const { waitingNames: _, ...rest } = probe()
  return { ...rest, spanMillis: 60_000, counts: counts(given), workers: 0, slots: 0, ...fields }
}

/** A worker of these queues and names. */
export const worker = (
  info: Pick<WorkerRecord.WorkerInfo, "queues" | "names" | "slots">,
  expiresAt: DateTime.Utc = DateTime.makeUnsafe(0)
): WorkerRecord.WorkerRecord => ({
  id: "w",
  info: { host: "host", pid: 1, release: "1", concurrency: 5, ...info },
  startedAt: DateTime.makeUnsafe(0),
  renewedAt: DateTime.makeUnsafe(0),
  expiresAt,
  running: 0
})
