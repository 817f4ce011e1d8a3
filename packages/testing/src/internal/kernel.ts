/**
 * The machine room of a simulation: virtual time, processes that can be killed and frozen, and a scheduler that
 * interleaves their fibers by dice.
 *
 * A process is a scheduler, a clock and a source of random numbers of its own, on one shared run queue. Killing it drops
 * whatever it would have done next, without finalizers, as SIGKILL does; freezing it keeps that for later, as SIGSTOP
 * does. Nothing here waits for real time, so that one thread runs everything to its end in one go.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as References from "effect/References"
import * as Scheduler from "effect/Scheduler"
import type { Dice } from "./dice.ts"
import * as Timeline from "./timeline.ts"

/** A simulated process. */
export interface Process {
  readonly name: string
  /** Its clock is so much off, in milliseconds, and runs so much too fast, as a share. */
  readonly skewMillis: number
  readonly drift: number
  /** What its fibers run with: scheduler, clock, random numbers, no logs. */
  readonly context: Context.Context<never>
  state: "alive" | "frozen" | "killed"
  /** What came in while it was frozen. */
  readonly backlog: Array<() => void>
}

/** Something that will happen, until it is called off. */
export type Alarm = Timeline.Event<Process | null>

/** The machine room. */
export interface Kernel {
  readonly nowMicros: () => number
  /** Runs something at an instant: as a task of a process, or as the world's own doing (null). */
  readonly at: (atMicros: number, owner: Process | null, run: () => void) => Alarm
  readonly start: (options: { readonly name: string; readonly skewMillis: number; readonly drift: number }) => Process
  readonly kill: (process: Process) => void
  readonly freeze: (process: Process) => void
  readonly thaw: (process: Process) => void
  /** Runs until nothing is left to do, `isOver` says so, or virtual time reaches the end. */
  readonly run: (endMicros: number, isOver: () => boolean) => "idle" | "over" | "end" | "runaway"
  /** Tasks run so far. */
  readonly steps: () => number
}

/** Tasks of fibers at one instant before a simulation is given up as one that never lets time pass. */
const tasksPerInstant = 200_000

/** The tasks of a fiber that wait for their turn. */
interface Agenda {
  readonly owner: Process
  readonly tasks: Array<{ readonly task: () => void; readonly priority: number }>
  isReady: boolean
}

/** A machine room at instant 0. `yieldEvery` is the most operations that a fiber does without letting others go. */
export const make = (dice: Dice, yieldEvery: number): Kernel => new Room(dice, yieldEvery)

class Room implements Kernel {
  readonly #dice: Dice
  readonly #yieldEvery: number
  readonly #timeline = Timeline.make<Process | null>()
  readonly #ready: Array<Agenda> = []
  #nowMicros = 0
  #steps = 0

  constructor(dice: Dice, yieldEvery: number) {
    this.#dice = dice
    this.#yieldEvery = yieldEvery
  }

  readonly nowMicros = () => this.#nowMicros
  readonly steps = () => this.#steps

  at(atMicros: number, owner: Process | null, run: () => void): Alarm {
    const alarm = { atMicros: Math.max(this.#nowMicros, Math.ceil(atMicros)), rank: this.#dice.unit(), owner, run }
    this.#timeline.add(alarm)
    return alarm
  }

  start({ drift, name, skewMillis }: Parameters<Kernel["start"]>[0]): Process {
    const after = (millis: number, run: () => void) =>
      this.at(this.#nowMicros + millis * 1_000 / (1 + drift), process, run)
    const process: Process = {
      name,
      skewMillis,
      drift,
      state: "alive",
      backlog: [],
      context: Context.empty().pipe(
        Context.add(Scheduler.Scheduler, this.#schedulerOf(() => process)),
        Context.add(Clock.Clock, clockOf(this.nowMicros, skewMillis, drift, after)),
        Context.add(Random.Random, {
          nextDoubleUnsafe: this.#dice.unit,
          nextIntUnsafe: () => this.#dice.between(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
        }),
        Context.add(References.MinimumLogLevel, "None")
      )
    }
    return process
  }

  kill(process: Process): void {
    process.state = "killed"
    process.backlog.length = 0
  }

  freeze(process: Process): void {
    if (process.state === "alive") process.state = "frozen"
  }

  thaw(process: Process): void {
    if (process.state !== "frozen") return
    process.state = "alive"
    for (const run of process.backlog.splice(0)) this.at(this.#nowMicros, process, run)
  }

  run(endMicros: number, isOver: () => boolean): "idle" | "over" | "end" | "runaway" {
    for (;;) {
      const drained = this.#runTasks(isOver)
      if (drained !== "drained") return drained
      const alarm = this.#timeline.take()
      if (alarm === undefined) return "idle"
      if (alarm.atMicros > endMicros) return "end"
      this.#nowMicros = alarm.atMicros
      this.#steps += 1
      deliver(alarm)
      if (isOver()) return "over"
    }
  }

  /** Fibers that are ready, one task of one of them after the other, until none is left at this instant. */
  #runTasks(isOver: () => boolean): "drained" | "over" | "runaway" {
    let count = 0
    for (let task = this.#takeTask(); task !== undefined; task = this.#takeTask()) {
      task()
      this.#steps += 1
      count += 1
      if (isOver()) return "over"
      if (count > tasksPerInstant) return "runaway"
    }
    return "drained"
  }

  #takeTask(): (() => void) | undefined {
    while (this.#ready.length > 0) {
      const index = this.#dice.below(this.#ready.length)
      const agenda = this.#ready[index]
      if (agenda === undefined) return undefined
      const next = agenda.owner.state === "alive" ? agenda.tasks.shift() : undefined
      if (agenda.tasks.length === 0 || next === undefined) {
        removeAt(this.#ready, index)
        agenda.isReady = false
      }
      if (next !== undefined) return next.task
      if (agenda.owner.state === "frozen") agenda.owner.backlog.push(() => this.#arm(agenda))
    }
    return undefined
  }

  #arm(agenda: Agenda): void {
    if (agenda.isReady || agenda.tasks.length === 0) return
    agenda.isReady = true
    this.#ready.push(agenda)
  }

  #schedulerOf(owner: () => Process): Scheduler.Scheduler {
    const dice = this.#dice
    let left = dice.between(1, this.#yieldEvery)
    return {
      executionMode: "async",
      shouldYield: () => {
        left -= 1
        if (left > 0) return false
        left = dice.between(1, this.#yieldEvery)
        return true
      },
      makeDispatcher: () => this.#tasksOf(owner())
    }
  }

  #tasksOf(owner: Process): Scheduler.SchedulerDispatcher {
    const agenda: Agenda = { owner, tasks: [], isReady: false }
    return {
      scheduleTask: (task, priority) => {
        addTask(agenda.tasks, task, priority)
        this.#arm(agenda)
      },
      flush: () => {
        for (let next = agenda.tasks.shift(); next !== undefined; next = agenda.tasks.shift()) next.task()
      }
    }
  }
}

/** A process that was killed hears of nothing any more; a frozen one will, later. */
const deliver = (alarm: Alarm): void => {
  const { owner, run } = alarm
  alarm.run = null
  if (run === null || owner?.state === "killed") return
  if (owner?.state === "frozen") owner.backlog.push(run)
  else run()
}

/** A clock on virtual time. Its wall time may be wrong; its monotonic time only runs at another pace. */
export const clockOf = (
  nowMicros: () => number,
  skewMillis: number,
  drift: number,
  after: (millis: number, run: () => void) => Alarm
): Clock.Clock => {
  const millis = () => Math.floor(nowMicros() * (1 + drift) / 1_000) + skewMillis
  const nanos = () => BigInt(Math.round(nowMicros() * (1 + drift) * 1_000))
  const wallNanos = () => BigInt(millis()) * 1_000_000n
  return {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    monotonicTimeNanosUnsafe: nanos,
    monotonicTimeNanos: Effect.sync(nanos),
    currentTimeNanosUnsafe: wallNanos,
    currentTimeNanos: Effect.sync(wallNanos),
    sleep: (duration) => {
      const length = Duration.toMillis(duration)
      if (length <= 0) return Effect.yieldNow
      if (!Number.isFinite(length)) return Effect.never
      return Effect.callback((resume) => {
        const alarm = after(length, () => resume(Effect.void))
        return Effect.sync(() => {
          alarm.run = null
        })
      })
    }
  }
}

/** Lower priorities first, first come first served within one: what Effect's own agenda does. */
const addTask = (tasks: Agenda["tasks"], task: () => void, priority: number): void => {
  let index = tasks.length
  while (index > 0 && (tasks[index - 1]?.priority ?? priority) > priority) index -= 1
  if (index === tasks.length) tasks.push({ task, priority })
  else tasks.splice(index, 0, { task, priority })
}

const removeAt = <A>(values: Array<A>, index: number): void => {
  const last = values.pop()
  if (last !== undefined && index < values.length) values[index] = last
}
