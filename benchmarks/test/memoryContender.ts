/**
 * A contender without a store, for the tests of the harness: the path of its URL says what is wrong with it.
 */
import { setTimeout as sleep } from "node:timers/promises"
import type { BenchJob, Contender, Target } from "../src/Contender.ts"

type Flaw = "none" | "loses" | "doubles" | "crashes" | "forgets"

/** The jobs that a worker with a flaw really hands over for one job of the queue. */
const handedOver = (flaw: Flaw, job: BenchJob): ReadonlyArray<BenchJob> => {
  if (job.n !== 7) return [job]
  if (flaw === "crashes") process.exit(3)
  if (flaw === "doubles") return [job, job]
  // The lost job is made up for by another one, so that the number of executions looks right.
  return flaw === "loses" ? [{ ...job, n: 6 }] : [job]
}

export const make = (target: Target): Contender => {
  const flaw = new URL(target.postgresUrl).hostname as Flaw
  const queue: Array<BenchJob> = []
  const later: Array<BenchJob> = []
  const state = { running: false }
  const enqueueMany = async (jobs: ReadonlyArray<BenchJob>): Promise<void> => {
    queue.push(...jobs.filter((job) => flaw !== "forgets" || job.n !== 7))
  }
  const loop = async (handle: (job: BenchJob) => void): Promise<void> => {
    while (state.running) {
      for (const job of queue.splice(0, 50).flatMap((job) => handedOver(flaw, job))) handle(job)
      await sleep(1)
    }
  }
  return {
    setup: async () => undefined,
    connect: async () => undefined,
    enqueue: (job) => enqueueMany([job]),
    enqueueMany,
    work: async (handle) => {
      state.running = true
      const ended = loop(handle)
      return {
        stop: async () => {
          state.running = false
          await ended
        }
      }
    },
    unfinished: async () => queue.length,
    fill: async (backlog) => {
      const from = backlog.kind === "ready" ? backlog.from : 0
      const jobs = Array.from({ length: backlog.count }, (_, index) => ({ n: from + index, at: 0, pad: "" }))
      if (backlog.kind === "ready") queue.push(...jobs.map((job) => ({ ...job, tenant: backlog.tenant })))
      else later.push(...jobs)
      return backlog.kind !== "finished"
    },
    close: async () => undefined
  }
}
