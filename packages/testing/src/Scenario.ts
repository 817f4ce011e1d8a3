/**
 * What happens in one simulation: workers, jobs, commands and faults, as plain data made from a seed.
 *
 * The same seed makes the same scenario. A scenario may be changed and run again, which is how a failing one is shrunk.
 *
 * @since 0.1.0
 */
import type { Dice } from "./internal/dice.ts"
import * as Dices from "./internal/dice.ts"

/**
 * The settings that all workers of a scenario share. Times are milliseconds.
 *
 * **Details**
 *
 * - `yieldEvery`: most operations that a fiber does before others get a turn
 * - `latencyMillis`: longest way of a message in fair weather
 * - `aimShare`: share of the calls that are held up until an instant that matters: the end of a lease, a due time
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  readonly leaseMillis: number
  readonly graceMillis: number
  readonly pollMillis: number
  readonly concurrency: number
  readonly prefetch: number
  readonly perTenant: number
  readonly yieldEvery: number
  readonly latencyMillis: number
  readonly aimShare: number
}

/**
 * A worker: its queues, the names that it has handlers for, and how wrong its clock is.
 *
 * **Details**
 *
 * `skewMillis` is how far its wall clock is off, `drift` how much too fast (or slow) all its clocks run, as a share.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface WorkerPlan {
  readonly queues: ReadonlyArray<string>
  readonly names: ReadonlyArray<JobName>
  readonly skewMillis: number
  readonly drift: number
  readonly maintenance: boolean
}

/**
 * The kinds of jobs of a simulation.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type JobName = "Mail" | "Report" | "Import"

/**
 * What the handler does in one attempt, after `millis`.
 *
 * **Details**
 *
 * `Crash` kills the process. `Stubborn` can not be interrupted. `Hang` ends only by interruption. `Tell` writes progress
 * and a checkpoint, and succeeds.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Behaviour {
  readonly does: "Succeed" | "Fail" | "Die" | "Snooze" | "Cancel" | "Dead" | "Crash" | "Stubborn" | "Hang" | "Tell"
  readonly millis: number
}

/**
 * A job: when it is enqueued, with which options, and what its handler does at its first, second … start. The last
 * behaviour is that of all further starts.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface JobPlan {
  readonly number: number
  readonly atMillis: number
  readonly name: JobName
  readonly queue: string
  readonly tenant: string | null
  readonly priority: number
  readonly delayMillis: number
  readonly unique: string | null
  readonly maxAttempts: number
  readonly timeoutMillis: number
  readonly isAwaited: boolean
  readonly behaviours: ReadonlyArray<Behaviour>
}

/**
 * What an operator does.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Command =
  | { readonly _tag: "Cancel" | "Retry" | "Remove"; readonly atMillis: number; readonly job: number }
  | { readonly _tag: "Pause" | "Resume"; readonly atMillis: number; readonly queue: string }

/**
 * A fault.
 *
 * **Details**
 *
 * - `Crash`: the worker's process is killed; another one starts `millis` later
 * - `Stop`: the worker stops gracefully; another one starts `millis` later
 * - `Freeze`: the worker's process does nothing for so long, and then goes on
 * - `Outage`: the storage answers nobody for so long, `isSilent`: not even with an error
 * - `Loss`: for so long that share of the calls of a worker (null: of everybody) is lost, before or after the commit
 * - `Slow`: for so long that share of the calls takes up to `byMillis` longer
 * - `Repeat`: for so long that share of the calls that may be repeated reaches the storage twice
 * - `Deaf`: for so long that share of the hints is lost
 * - `Conflict`: for so long that share of the calls fails with a conflict
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Fault =
  | {
    readonly _tag: "Crash" | "Stop" | "Freeze"
    readonly atMillis: number
    readonly millis: number
    readonly worker: number
  }
  | { readonly _tag: "Outage"; readonly atMillis: number; readonly millis: number; readonly isSilent: boolean }
  | Weather

/**
 * A fault of the way between workers and storage, which hits calls by chance for a while.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Weather {
  readonly _tag: "Loss" | "Slow" | "Repeat" | "Deaf" | "Conflict"
  readonly atMillis: number
  readonly millis: number
  readonly worker: number | null
  readonly share: number
  readonly byMillis: number
}

/**
 * A scenario.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Scenario {
  readonly seed: number
  readonly settings: Settings
  readonly workers: ReadonlyArray<WorkerPlan>
  readonly jobs: ReadonlyArray<JobPlan>
  readonly commands: ReadonlyArray<Command>
  readonly faults: ReadonlyArray<Fault>
}

/**
 * The scenario of a seed, a whole number.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = (seed: number): Scenario => {
  const dice = Dices.make(seed, "scenario")
  const spanMillis = dice.pick([2_000, 5_000, 9_000])
  const settings = settingsOf(dice)
  const workers = workersOf(dice)
  const jobs = jobsOf(dice, spanMillis)
  return {
    seed,
    settings,
    workers,
    jobs,
    commands: commandsOf(dice, jobs.length, spanMillis),
    faults: faultsOf(dice, workers.length, spanMillis, settings.leaseMillis)
  }
}

/**
 * The instant of the last planned event, in milliseconds: from then on nothing disturbs the workers any more.
 *
 * @stability unstable
 * @category getters
 * @since 0.1.0
 */
export const calmMillis = ({ commands, faults, jobs }: Scenario): number => {
  const ends = [
    ...jobs.map(({ atMillis }) => atMillis),
    ...commands.map(({ atMillis }) => atMillis),
    ...faults.map(({ atMillis, millis }) => atMillis + millis)
  ]
  return ends.reduce((latest, end) => Math.max(latest, end), 0)
}

const queues = ["default", "slow"] as const
const names: ReadonlyArray<JobName> = ["Mail", "Report", "Import"]

const settingsOf = (dice: Dice): Settings => ({
  leaseMillis: dice.pick([1_500, 2_000, 3_000, 12_000]),
  graceMillis: dice.pick([0, 200, 2_000]),
  pollMillis: dice.pick([500, 1_000]),
  concurrency: dice.pick([1, 2, 3, 10]),
  prefetch: dice.pick([0, 5, 500]),
  perTenant: dice.pick([1, 3, 20]),
  yieldEvery: dice.pick([25, 200, 2_048]),
  latencyMillis: dice.pick([1, 5, 40]),
  aimShare: dice.pick([0, 0.1, 0.5])
})

const workersOf = (dice: Dice): ReadonlyArray<WorkerPlan> => {
  const count = dice.between(1, 3)
  const isSkewed = dice.chance(0.3)
  return Array.from({ length: count }, (_, index) => ({
    queues: index === 0 || dice.chance(0.8) ? queues : [dice.pick<string>(queues)],
    names: index === 0 || dice.chance(0.8) ? names : ["Mail", "Report"],
    skewMillis: isSkewed ? dice.pick([0, 3_600_000, -3_600_000]) : 0,
    drift: isSkewed ? dice.pick([0, 0.05, -0.05]) : 0,
    maintenance: index === 0 || dice.chance(0.7)
  }))
}

const jobsOf = (dice: Dice, spanMillis: number): ReadonlyArray<JobPlan> => {
  const count = dice.pick([4, 10, 20, 40])
  const isBurst = dice.chance(0.3)
  const temper = dice.pick(["calm", "mixed", "wild"] as const)
  const keys = dice.chance(0.5) ? ["k1", "k2", null, null] as const : [null] as const
  const tenants = dice.chance(0.6) ? ["ann", "bob", "cid", null] as const : [null] as const
  return Array.from({ length: count }, (_, number) => {
    const behaviours = behavioursOf(dice, temper)
    const isHanging = behaviours.some(({ does }) => does === "Hang")
    return {
      number,
      atMillis: isBurst ? dice.below(50) : dice.below(spanMillis),
      name: dice.pick(["Mail", "Mail", "Report", "Import"]),
      queue: dice.pick(["default", "default", "slow"]),
      tenant: dice.pick<string | null>(tenants),
      priority: dice.pick([50, 50, 50, 10, 70]),
      delayMillis: dice.chance(0.25) ? dice.between(1, 3_000) : 0,
      unique: dice.pick<string | null>(keys),
      maxAttempts: dice.between(1, 4),
      timeoutMillis: isHanging ? dice.pick([1_000, 4_000]) : dice.pick([1_000, 5_000, 60_000]),
      isAwaited: dice.chance(0.1),
      behaviours
    }
  })
}

const behavioursOf = (dice: Dice, temper: "calm" | "mixed" | "wild"): ReadonlyArray<Behaviour> => {
  if (temper === "wild" && dice.chance(0.08)) return crashes(dice)
  const trouble = temper === "calm" ? 0.1 : temper === "mixed" ? 0.4 : 0.6
  const before: Array<Behaviour> = []
  while (before.length < 4 && dice.chance(trouble)) {
    before.push({
      does: dice.pick(["Fail", "Fail", "Fail", "Die", "Snooze", "Snooze", "Stubborn", "Hang", "Dead", "Cancel"]),
      millis: lengthOf(dice)
    })
  }
  return [...before, { does: dice.pick(["Succeed", "Succeed", "Tell"]), millis: lengthOf(dice) }]
}

/** A job that kills its worker once or twice, or always. */
const crashes = (dice: Dice): ReadonlyArray<Behaviour> => {
  const count = dice.between(1, 3)
  const poison = Array.from({ length: count }, () => ({ does: "Crash" as const, millis: dice.below(300) }))
  return count === 3 ? poison : [...poison, { does: "Succeed", millis: 10 }]
}

const lengthOf = (dice: Dice): number => dice.pick([0, 1, dice.below(50), dice.below(500), dice.below(3_000)])

const commandsOf = (dice: Dice, jobs: number, spanMillis: number): ReadonlyArray<Command> => {
  const commands: Array<Command> = []
  if (dice.chance(0.6)) {
    for (let count = dice.between(1, 8); count > 0; count--) {
      const tag = dice.pick(["Cancel", "Cancel", "Cancel", "Retry", "Retry", "Remove"] as const)
      commands.push({ _tag: tag, atMillis: dice.below(spanMillis + 2_000), job: dice.below(jobs) })
    }
  }
  if (dice.chance(0.3)) {
    const atMillis = dice.below(spanMillis)
    const queue = dice.pick(queues)
    commands.push({ _tag: "Pause", atMillis, queue })
    commands.push({ _tag: "Resume", atMillis: atMillis + dice.between(1, 3_000), queue })
  }
  return commands
}

const tags = ["Crash", "Crash", "Stop", "Freeze", "Freeze", "Outage", "Weather", "Weather", "Weather"] as const
const weathers = ["Loss", "Loss", "Slow", "Repeat", "Deaf", "Conflict"] as const

const faultsOf = (dice: Dice, workers: number, spanMillis: number, leaseMillis: number): ReadonlyArray<Fault> => {
  const level = dice.pick([0, 2, 4, 7])
  return Array.from({ length: dice.between(Math.min(1, level), level) }, (): Fault => {
    const atMillis = dice.below(spanMillis)
    const worker = dice.below(workers)
    const millis = dice.pick([dice.between(50, 1_000), leaseMillis, dice.between(leaseMillis, 2 * leaseMillis)])
    const tag = dice.pick(tags)
    if (tag === "Outage") return { _tag: tag, atMillis, millis, isSilent: dice.chance(0.5) }
    if (tag !== "Weather") return { _tag: tag, atMillis, millis, worker }
    return {
      _tag: dice.pick(weathers),
      atMillis,
      millis,
      worker: dice.chance(0.5) ? null : worker,
      share: dice.pick([0.1, 0.4, 0.9]),
      byMillis: dice.pick([100, leaseMillis, 3 * leaseMillis])
    }
  })
}
