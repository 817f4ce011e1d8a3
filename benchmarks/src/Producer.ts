/**
 * The producers of the benchmarks: single calls with many in flight, bulk
 * calls, single calls on an idle worker, and a steady stream. Runs inside the
 * contender's process; the same code for every contender.
 */
import { randomBytes } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import type { BenchJob, Contender } from "./Contender.ts"
import * as Measure from "./Measure.ts"
import type { Commands, Latencies, Produced, Production } from "./Protocol.ts"
import type * as Shift from "./Shift.ts"
import * as Stopwatch from "./Stopwatch.ts"

/** A factory of jobs with a fixed size of ballast. */
const jobMaker = (payloadBytes: number, tenants = 0): (n: number) => BenchJob => {
  // 64 different pieces, random: neither TOAST nor a dictionary makes a payload smaller than it claims to be.
  const pads = Array.from({ length: 64 }, () => randomBytes(payloadBytes).toString("base64").slice(0, payloadBytes))
  return (n) => {
    const job = { n, at: Stopwatch.epochNow(), pad: pads[Math.abs(n) % pads.length] ?? "" }
    return tenants > 0 ? { ...job, tenant: `tenant-${n % tenants}` } : job
  }
}

/** Runs `call` for 0 … count - 1 with at most `inFlight` of them open, and times each. */
const inFlightCalls = async (count: number, inFlight: number, call: (index: number) => Promise<void>) => {
  const times: Array<number> = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next
      next += 1
      const before = performance.now()
      await call(index)
      times.push(performance.now() - before)
    }
  }
  await Promise.all(Array.from({ length: Math.min(inFlight, count) }, lane))
  return Measure.waits(times)
}

const measured = async (body: () => Promise<Measure.Waits>): Promise<Produced> => {
  const cpu = Stopwatch.cpuMicros()
  const startedAt = Stopwatch.epochNow()
  const calls = await body()
  return { startedAt, endedAt: Stopwatch.epochNow(), cpuMicros: Stopwatch.cpuMicros() - cpu, calls }
}

/** Enqueues jobs one by one. */
export const enqueueOne = (contender: Contender, plan: Production): Promise<Produced> => {
  const job = jobMaker(plan.payloadBytes, plan.tenants)
  return measured(() => inFlightCalls(plan.count, plan.inFlight, (index) => contender.enqueue(job(plan.from + index))))
}

/** Enqueues jobs with bulk calls of `chunk` jobs each. */
export const enqueueBulk = (contender: Contender, plan: Production): Promise<Produced> => {
  const job = jobMaker(plan.payloadBytes, plan.tenants)
  const calls = Math.ceil(plan.count / plan.chunk)
  return measured(() =>
    inFlightCalls(calls, plan.inFlight, (index) => {
      const first = index * plan.chunk
      const size = Math.min(plan.chunk, plan.count - first)
      return contender.enqueueMany(Array.from({ length: size }, (_, offset) => job(plan.from + first + offset)))
    })
  )
}

/** Between two jobs of the latency scenario: 20 to 60 ms, spread so that no polling rhythm is hit or missed for ever. */
const pauseMillis = (index: number): number => 20 + ((index * 0.618_034) % 1) * 40

/** Enqueues single jobs on an idle worker and waits for the start of each. */
export const latency = async (
  contender: Contender,
  shift: Shift.Shift,
  plan: Commands["latency"]["request"]
): Promise<Latencies> => {
  const make = jobMaker(plan.payloadBytes)
  const fromCall: Array<number> = []
  const fromReturn: Array<number> = []
  for (let index = 0; index < plan.count; index += 1) {
    await sleep(pauseMillis(index))
    const job = make(plan.from + index)
    const started = shift.started(job.n)
    await contender.enqueue(job)
    const returnedAt = Stopwatch.epochNow()
    const startedAt = await started
    fromCall.push(startedAt - job.at)
    fromReturn.push(startedAt - returnedAt)
  }
  return { fromCall: Measure.waits(fromCall), fromReturn: Measure.waits(fromReturn) }
}

/** Turns a running total into rates per window. */
const makeWindows = (seconds: number) => {
  const rates: Array<number> = []
  let openedAt = performance.now()
  let before = 0
  const look = (total: number): void => {
    const elapsed = (performance.now() - openedAt) / 1000
    if (elapsed < seconds) return
    rates.push((total - before) / elapsed)
    before = total
    openedAt = performance.now()
  }
  return { rates, look }
}

/** Keeps a backlog of jobs topped up for some seconds; answers how many were enqueued. */
export const stream = async (
  contender: Contender,
  shift: Shift.Shift,
  plan: Commands["churn"]["request"]
): Promise<{ readonly enqueued: number; readonly windows: ReadonlyArray<number> }> => {
  const job = jobMaker(plan.payloadBytes)
  const windows = makeWindows(plan.windowSeconds)
  const endsAt = performance.now() + plan.seconds * 1000
  let enqueued = 0
  while (performance.now() < endsAt) {
    if (enqueued - shift.progress().handled < plan.backlog) {
      const first = plan.from + enqueued
      await contender.enqueueMany(Array.from({ length: plan.chunk }, (_, offset) => job(first + offset)))
      enqueued += plan.chunk
    } else await sleep(2)
    windows.look(shift.progress().handled)
  }
  return { enqueued, windows: windows.rates }
}
