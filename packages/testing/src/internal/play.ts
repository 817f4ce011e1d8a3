/**
 * Plays a scenario: one run of a whole cluster on virtual time, from its first job to the end of its last.
 */
import type { Info } from "@millrace/queue/CurrentJob"
import * as Queue from "@millrace/queue/Queue"
import type { JobId } from "@millrace/storage/JobId"
import * as JobState from "@millrace/storage/JobState"
import * as MemoryStorage from "@millrace/storage/MemoryStorage"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import type { Command, Fault, JobPlan, Scenario } from "../Scenario.ts"
import * as Scenarios from "../Scenario.ts"
import * as Bystander from "./bystander.ts"
import * as Cast from "./cast.ts"
import * as Crew from "./crew.ts"
import * as Dices from "./dice.ts"
import * as Facts from "./facts.ts"
import * as Inspection from "./inspection.ts"
import type { Breach } from "./journal.ts"
import * as Journals from "./journal.ts"
import type { Kernel, Process } from "./kernel.ts"
import * as Kernels from "./kernel.ts"
import * as Ledger from "./ledger.ts"
import * as Network from "./network.ts"
import type { Plant } from "./plant.ts"

/** How a run ended. */
export interface Played {
  readonly breach: Breach | null
  readonly hash: string
  readonly events: number
  readonly steps: number
  readonly virtualMillis: number
  readonly lines: ReadonlyArray<string>
  readonly jobs: number
  readonly executions: number
  readonly faults: number
}

/** A worker of the scenario and the process that it is at present. */
interface Seat {
  readonly index: number
  process: Process | null
  fiber: Fiber.Fiber<never> | null
  starts: number
}

/** Plays a scenario with the engine as it is, or with something planted into it. Keeps at most so many lines. */
export const play = (scenario: Scenario, plant: Plant, linesMax: number): Played => {
  const theatre = new Theatre(scenario, plant, linesMax)
  theatre.open()
  return theatre.run()
}

/**
 * Longest time from the last disturbance to the end of the last job, in milliseconds: leases, isolation, retries and
 * time-outs of a scenario together stay far below it.
 */
const drainMillis = 180_000

/** Tries of a producer or operator whose call failed. */
const triesMax = 40

class Theatre {
  readonly scenario: Scenario
  readonly kernel: Kernel
  readonly journal: Journals.Journal
  readonly scene: Bystander.Scene
  readonly network: Network.Network
  readonly storage: Network.Service
  readonly plant: Plant
  readonly seats: ReadonlyArray<Seat>
  readonly #client: Process
  readonly #behaviours: ReadonlyMap<number, JobPlan["behaviours"]>
  #runClient: Crew.RunClient | null = null
  /** Things that must happen before the curtain: enqueues, commands, awaited ends. */
  #open = 0
  #isCalm = false

  constructor(scenario: Scenario, plant: Plant, linesMax: number) {
    const { seed, settings } = scenario
    this.scenario = scenario
    this.#behaviours = new Map(scenario.jobs.map(({ behaviours, number }) => [number, behaviours]))
    this.plant = plant
    this.kernel = Kernels.make(Dices.make(seed, "schedule"), settings.yieldEvery)
    this.journal = Journals.make(this.kernel.nowMicros, linesMax)
    this.seats = scenario.workers.map((_, index) => ({ index, process: null, fiber: null, starts: 0 }))
    this.storage = plant.storage(
      Effect.runSync(MemoryStorage.make(plant.memory)),
      { dice: Dices.make(seed, "plant"), nowMillis: () => Math.floor(this.kernel.nowMicros() / 1_000) }
    )
    this.scene = {
      facts: Facts.make(),
      ledger: Ledger.make(),
      journal: this.journal,
      processOf: new Map(),
      isExcused: (process, sinceMillis) => this.#isExcused(process, sinceMillis)
    }
    this.network = Network.make({
      kernel: this.kernel,
      dice: Dices.make(seed, "network"),
      journal: this.journal,
      scenario,
      storage: this.storage,
      see: (call) => Bystander.see(this.scene, call),
      workerOf: (process) => this.seats.find((seat) => seat.process === process)?.index ?? null,
      turningPoints: (operation, request, nowMillis) =>
        Facts.turningPoints(this.scene.facts, operation, request, nowMillis)
    })
    this.#client = this.kernel.start({ name: "client", skewMillis: 0, drift: 0 })
  }

  /** Plans everything that will happen. */
  open(): void {
    const { commands, faults, jobs } = this.scenario
    this.kernel.at(0, this.#client, () => {
      this.#runClient = Crew.startClient(this.#client, this.network.serviceFor(this.#client))
    })
    for (const seat of this.seats) this.#after(0, () => this.#start(seat))
    for (const job of jobs) this.#plan(job.atMillis + 1, () => this.#enqueue(job))
    for (const command of commands) this.#plan(command.atMillis + 1, () => this.#command(command))
    for (const fault of faults) this.#after(fault.atMillis, () => this.#strike(fault))
    this.#after(Scenarios.calmMillis(this.scenario) + 1, () => {
      this.#isCalm = true
      this.#resumeAll()
    })
  }

  /** An operator's pause that was tried again may come after its end. */
  #resumeAll(): void {
    for (const queue of this.scene.facts.paused) {
      this.#open += 1
      this.kernel.at(
        this.kernel.nowMicros(),
        this.#client,
        () =>
          this.#ask(
            persist(Queue.Queue.use((service) => service.resume(queue))),
            () => this.#note(`resume of ${queue}`)
          )
      )
    }
    if (!this.#isDone()) this.#after(2_000, () => this.#resumeAll())
  }

  run(): Played {
    const endMillis = Scenarios.calmMillis(this.scenario) + drainMillis
    const ended = this.kernel.run(endMillis * 1_000, () => this.journal.first() !== null || this.#isDone())
    if (ended === "runaway") this.journal.breach("I7", "fibers go on and on without letting time pass")
    else if (this.journal.first() === null && !this.#isDone()) this.journal.breach("I7", this.#unfinished())
    if (this.journal.first() === null) Inspection.inspect(this.scene, this.storage)
    const { facts, ledger } = this.scene
    return {
      breach: this.journal.first(),
      hash: this.journal.hash(),
      events: this.journal.length(),
      steps: this.kernel.steps(),
      virtualMillis: this.kernel.nowMicros() / 1_000,
      lines: this.journal.lines(),
      jobs: facts.jobs.size + facts.removed.size,
      executions: ledger.byToken.size,
      faults: this.scenario.faults.length
    }
  }

  #after(millis: number, run: () => void): void {
    this.kernel.at(this.kernel.nowMicros() + millis * 1_000, null, run)
  }

  #plan(atMillis: number, run: () => void): void {
    this.#open += 1
    this.kernel.at(atMillis * 1_000, this.#client, run)
  }

  #note(line: string): void {
    this.journal.note(this.kernel.nowMicros(), line)
  }

  #isDone(): boolean {
    if (this.#open > 0 || !this.#isCalm) return false
    for (const { state } of this.scene.facts.jobs.values()) if (!JobState.isTerminal(state)) return false
    return true
  }

  #unfinished(): string {
    const live = [...this.scene.facts.jobs.values()].filter(({ state }) => !JobState.isTerminal(state))
    const jobs = live.map(({ claim, id, state }) => `${id} ${state} ${claim?.workerId ?? ""}`)
    return `not drained ${drainMillis} ms after the last disturbance: ${this.#open} calls, jobs ${jobs.join(", ")}`
  }

  #start(seat: Seat): void {
    const plan = this.scenario.workers[seat.index]
    if (plan === undefined || seat.process?.state === "alive" || seat.process?.state === "frozen") return
    seat.starts += 1
    const name = `w${seat.index}.${seat.starts}`
    const process = this.kernel.start({ name, skewMillis: plan.skewMillis, drift: plan.drift })
    seat.process = process
    this.#note(`${name} starts`)
    const { seed } = this.scenario
    const service = this.plant.worker(
      this.network.serviceFor(process),
      { dice: Dices.make(seed, name), nowMillis: () => Math.floor(this.kernel.nowMicros() / 1_000) }
    )
    this.kernel.at(this.kernel.nowMicros(), process, () => {
      seat.fiber = Crew.startWorker(process, service, this.scenario, plan, seat.starts, this.#stageOf(seat, process))
    })
  }

  #stageOf(seat: Seat, process: Process): Cast.Stage {
    return {
      begin: (number, job) => this.#begin(process, number, job),
      crash: () => {
        this.#kill(seat)
        this.#after(500, () => this.#start(seat))
      }
    }
  }

  #begin(process: Process, number: number, job: Info): ReturnType<Cast.Stage["begin"]> {
    const { facts, journal, ledger } = this.scene
    const behaviours = this.#behaviours.get(number) ?? []
    const starts = ledger.starts.get(job.id) ?? 0
    const behaviour = behaviours[Math.min(starts, behaviours.length - 1)] ?? { does: "Succeed", millis: 0 }
    const claim = facts.jobs.get(job.id)?.claim
    if (claim?.token !== job.token) {
      journal.breach("I6", `job ${job.id} starts in ${process.name} with token ${job.token}, which was lost before`)
    }
    const execution: Ledger.Execution = {
      id: job.id,
      number,
      token: job.token,
      process,
      isAlone: claim?.isAlone ?? false,
      behaviour,
      startedMicros: this.kernel.nowMicros(),
      end: "open"
    }
    this.#note(`${process.name} runs job ${job.id} token ${job.token}: ${behaviour.does} ${behaviour.millis}`)
    Ledger.begin(ledger, journal, execution)
    return {
      behaviour,
      end: (exit) => {
        const how = Exit.isSuccess(exit)
          ? "succeeded"
          : Cause.hasInterruptsOnly(exit.cause)
          ? "interrupted"
          : "failed"
        this.#note(`${process.name} ran job ${job.id} token ${job.token}: ${how}`)
        Ledger.end(ledger, execution, how)
      }
    }
  }

  #kill(seat: Seat): void {
    if (seat.process === null) return
    this.#note(`${seat.process.name} is killed`)
    this.kernel.kill(seat.process)
    Ledger.forget(this.scene.ledger, seat.process)
  }

  #strike(fault: Fault): void {
    switch (fault._tag) {
      case "Outage": {
        this.#note("the storage is down")
        this.network.breakDown(fault.isSilent)
        return this.#after(fault.millis, () => {
          this.#note("the storage is up")
          this.network.repair()
        })
      }
      case "Crash":
        return this.#withSeat(fault.worker, (seat) => {
          this.#kill(seat)
          this.#after(fault.millis, () => this.#start(seat))
        })
      case "Stop":
        return this.#withSeat(fault.worker, (seat, process) => this.#stop(seat, process, fault.millis))
      case "Freeze":
        return this.#withSeat(fault.worker, (_, process) => this.#freeze(process, fault.millis))
      case "Loss":
      case "Slow":
      case "Repeat":
      case "Deaf":
      case "Conflict":
        return this.#note(`weather: ${fault._tag}`)
    }
  }

  #withSeat(index: number, act: (seat: Seat, process: Process) => void): void {
    const seat = this.seats[index]
    if (seat !== undefined && seat.process?.state === "alive") act(seat, seat.process)
  }

  #freeze(process: Process, millis: number): void {
    this.#note(`${process.name} is frozen`)
    this.kernel.freeze(process)
    this.#after(millis, () => {
      if (process.state !== "frozen") return
      this.#note(`${process.name} goes on`)
      this.scene.ledger.thawed.set(process, this.kernel.nowMicros())
      this.kernel.thaw(process)
    })
  }

  /** A graceful stop: the process ends when its worker has, whatever its handlers still do. */
  #stop(seat: Seat, process: Process, millis: number): void {
    this.#note(`${process.name} stops`)
    const { fiber } = seat
    const gone = () => {
      this.kernel.at(this.kernel.nowMicros(), null, () => {
        this.#kill(seat)
        this.#after(millis, () => this.#start(seat))
      })
    }
    if (fiber === null) return gone()
    const limitMillis = this.scenario.settings.graceMillis + 2_500
    const sinceMicros = this.kernel.nowMicros()
    this.kernel.at(this.kernel.nowMicros(), process, () => {
      fiber.addObserver(gone)
      fiber.interruptUnsafe()
    })
    this.#after(limitMillis, () => {
      if (process.state !== "alive" || (this.scene.ledger.thawed.get(process) ?? -Infinity) > sinceMicros) return
      this.journal.breach("I7", `${process.name} has not stopped ${limitMillis} ms after it was asked to`)
    })
  }

  #ask<A, E>(effect: Effect.Effect<A, E, Queue.Queue>, done: (exit: Exit.Exit<A, E>) => void): void {
    this.#runClient?.(effect).addObserver((exit) => {
      this.#open -= 1
      done(exit)
    })
  }

  #enqueue(plan: JobPlan): void {
    const definition = Cast.definitions[plan.name]
    const { maxAttempts, priority, queue } = plan
    const options = {
      queue,
      priority,
      maxAttempts,
      timeout: plan.timeoutMillis,
      ...(plan.tenant === null ? {} : { tenant: plan.tenant }),
      ...(plan.unique === null ? {} : { unique: plan.unique }),
      ...(plan.delayMillis === 0 ? {} : { delay: plan.delayMillis })
    }
    const enqueued = persist(definition.enqueue({ number: plan.number }, options))
    this.#ask(enqueued, (exit) => {
      if (!Exit.isSuccess(exit)) return this.#note(`job ${plan.number} was not enqueued`)
      const { id } = exit.value
      this.#note(`job ${plan.number} is ${exit.value._tag} as ${id}`)
      const told = this.scene.ledger.told.get(plan.number) ?? new Set<JobId>()
      this.scene.ledger.told.set(plan.number, told.add(id))
      if (plan.isAwaited) this.#await(id)
    })
  }

  #await(id: JobId): void {
    this.#open += 1
    this.#ask(Queue.Queue.use((queue) => queue.awaitFinished(id)), (exit) => {
      this.#note(`job ${id} was awaited: ${exit._tag}`)
      if (Exit.isSuccess(exit) && !JobState.isTerminal(exit.value.state)) {
        this.journal.breach("port", `job ${id} is said to have ended as ${exit.value.state}`)
      }
    })
  }

  #command(command: Command): void {
    if ("queue" in command) {
      const { _tag, queue } = command
      return this.#ask(
        persist(Queue.Queue.use((service) => _tag === "Pause" ? service.pause(queue) : service.resume(queue))),
        () => this.#note(`${_tag} of ${queue}`)
      )
    }
    const { _tag, job } = command
    const [id] = this.scene.ledger.told.get(job) ?? []
    if (id === undefined) {
      this.#open -= 1
      return
    }
    const action = _tag === "Cancel" ? { _tag, reason: "asked to" } : { _tag }
    this.#ask(
      persist(Queue.Queue.use((service) => service.transition([id], action))),
      (exit) => {
        this.#note(`${_tag} of ${id}: ${exit._tag}`)
        if (_tag === "Cancel" && Exit.isSuccess(exit)) this.#expectCancel(id)
      }
    )
  }

  /** A running job that was asked to stop hears of it: with the next renewal at the latest. */
  #expectCancel(id: JobId): void {
    const { facts, journal, ledger } = this.scene
    const job = facts.jobs.get(id)
    const claim = job?.claim
    if (job === undefined || claim === undefined || claim === null || job.cancelReason === null) return
    const process = this.scene.processOf.get(claim.workerId)
    const sinceMillis = this.kernel.nowMicros() / 1_000
    this.#after(this.scenario.settings.leaseMillis, () => {
      const execution = Ledger.find(ledger, id, claim.token)
      if (execution?.end !== "open" || execution.behaviour.does === "Stubborn" || process === undefined) return
      if (this.#isExcused(process, sinceMillis)) return
      journal.breach("cancel", `job ${id} was asked to stop, and its handler goes on`)
    })
  }

  #isExcused(process: Process, sinceMillis: number): boolean {
    const thawedMicros = this.scene.ledger.thawed.get(process) ?? -Infinity
    return process.state !== "alive"
      || thawedMicros / 1_000 >= sinceMillis
      || this.network.troubledMillis(process) >= sinceMillis
  }
}

/** Tries again until the storage answers: a producer that wants to be told. */
const persist = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(effect, { times: triesMax, schedule: Schedule.spaced(500) })
