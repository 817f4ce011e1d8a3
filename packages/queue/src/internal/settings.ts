/**
 * The options of a worker with every default filled in, checked, in plain numbers.
 */
import type * as Duration from "effect/Duration"
import type * as LogLevel from "effect/LogLevel"
import * as Result from "effect/Result"
import * as Defaults from "../Defaults.ts"
import { InvalidOption } from "../QueueError.ts"
import type { Concurrency, QueueOptions, WorkerOptions } from "../WorkerOptions.ts"
import * as Checks from "./optionChecks.ts"

/** A queue that a worker works for: with so many slots, or with as many as it likes up to the most. */
export interface QueueSettings {
  readonly queue: string
  readonly concurrency: number
  readonly concurrencyMax?: number
  readonly prefetch: number
}

/** The settings of a worker. */
export interface Settings {
  readonly queues: ReadonlyArray<QueueSettings>
  readonly perTenant: number
  readonly agingEvery: number
  readonly pollMillis: number
  readonly leaseMillis: number
  readonly standstillMillis: number
  readonly graceMillis: number
  readonly keepFinishedMillis: number
  readonly keepDeadMillis: number
  readonly maintenance: boolean
  readonly prunes: boolean
  readonly jobLogLevel: LogLevel.Severity
}

/** Shortest lease, in milliseconds: below it one slow answer of the storage loses all claims. */
const leaseMillisMin = 1_000

/** The settings of options, or which option can not be. */
export const resolve = (options: WorkerOptions): Result.Result<Settings, InvalidOption> =>
  Result.gen(function*() {
    return {
      queues: yield* queuesOf(options),
      perTenant: yield* whole("perTenant", options.perTenant ?? Defaults.perTenant, 1),
      agingEvery: yield* whole("agingEvery", options.agingEvery ?? Defaults.agingEvery, 0),
      pollMillis: yield* atLeast("pollInterval", options.pollInterval ?? Defaults.pollMillis, 1),
      leaseMillis: yield* atLeast("leaseDuration", options.leaseDuration ?? Defaults.leaseMillis, leaseMillisMin),
      standstillMillis: yield* atLeast(
        "standstillDuration",
        options.standstillDuration ?? Defaults.standstillMillis,
        0
      ),
      graceMillis: yield* atLeast("graceDuration", options.graceDuration ?? Defaults.graceMillis, 0),
      keepFinishedMillis: yield* atLeast("keepFinished", options.keepFinished ?? Defaults.keepFinishedMillis, 0),
      keepDeadMillis: yield* atLeast("keepDead", options.keepDead ?? Defaults.keepDeadMillis, 0),
      maintenance: options.maintenance ?? true,
      prunes: options.prunes ?? true,
      jobLogLevel: options.jobLogLevel ?? "Debug"
    }
  })

const queuesOf = (options: WorkerOptions): Result.Result<ReadonlyArray<QueueSettings>, InvalidOption> => {
  const { queues = [Defaults.queue] } = options
  const entries: ReadonlyArray<readonly [string, QueueOptions]> = isList(queues)
    ? queues.map((queue) => [queue, {}] as const)
    : Object.entries(queues)
  const names = new Set(entries.map(([queue]) => queue))
  if (entries.length === 0) return refuse("queues", "expected at least one queue")
  if (names.size < entries.length) return refuse("queues", "a queue is named twice")
  return Result.all(entries.map(([queue, own]) =>
    Result.gen(function*() {
      const concurrency = own.concurrency ?? options.concurrency ?? Defaults.concurrency
      return {
        queue: yield* Checks.label("queues", queue),
        ...(yield* slotsOf(`queues.${queue}.concurrency`, concurrency)),
        prefetch: yield* whole(`queues.${queue}.prefetch`, own.prefetch ?? options.prefetch ?? Defaults.prefetch, 0)
      }
    })
  ))
}

const slotsOf = (
  field: string,
  concurrency: Concurrency
): Result.Result<Pick<QueueSettings, "concurrency" | "concurrencyMax">, InvalidOption> =>
  Result.gen(function*() {
    if (typeof concurrency === "number") return { concurrency: yield* whole(field, concurrency, 1) }
    const min = yield* whole(`${field}.min`, concurrency.min, 1)
    return { concurrency: min, concurrencyMax: yield* whole(`${field}.max`, concurrency.max, min) }
  })

const isList = (queues: NonNullable<WorkerOptions["queues"]>): queues is ReadonlyArray<string> => Array.isArray(queues)

/** Largest concurrency or prefetch of a queue in one process. */
const slotsMax = 10_000

const whole = (field: string, value: number, minimum: number): Result.Result<number, InvalidOption> =>
  Number.isInteger(value) && value >= minimum && value <= slotsMax
    ? Result.succeed(value)
    : refuse(field, `expected a whole number from ${minimum} to ${slotsMax}`)

const atLeast = (field: string, value: Duration.Input, minimum: number): Result.Result<number, InvalidOption> =>
  Result.flatMap(
    Checks.duration(field, value),
    (millis) => millis >= minimum ? Result.succeed(millis) : refuse(field, `expected at least ${minimum} milliseconds`)
  )

const refuse = (field: string, detail: string): Result.Result<never, InvalidOption> =>
  Result.fail(new InvalidOption({ field, detail }))
