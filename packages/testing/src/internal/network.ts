/**
 * The way between processes and the storage: every call takes time, and may be lost, late, repeated or refused.
 *
 * Each call is one atomic step of the storage at the instant of its arrival, whatever the caller does meanwhile: a caller
 * that gave up, or died, does not take its call back.
 */
import * as Storage from "@millrace/storage/Storage"
import { Conflict, StorageError, Unavailable } from "@millrace/storage/StorageError"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Scenario, Weather } from "../Scenario.ts"
import type { Dice } from "./dice.ts"
import type { Journal } from "./journal.ts"
import type { Kernel, Process } from "./kernel.ts"
import { clockOf } from "./kernel.ts"

/** The storage as seen from a process. */
export type Service = Storage.Storage["Service"]

/** What the network needs. */
export interface Options {
  readonly kernel: Kernel
  readonly dice: Dice
  readonly journal: Journal
  readonly scenario: Scenario
  readonly storage: Service
  /** Sees every call that reached the storage. */
  readonly see: (call: {
    readonly process: Process
    readonly operation: string
    readonly request: ReadonlyArray<unknown>
    readonly exit: Exit.Exit<unknown, StorageError>
    readonly nowMillis: number
  }) => void
  /** The index of a worker's process among the workers of the scenario; null for others. */
  readonly workerOf: (process: Process) => number | null
  /** Instants after now, in milliseconds, at which the answer to a call changes. */
  readonly turningPoints: (
    operation: string,
    request: ReadonlyArray<unknown>,
    nowMillis: number
  ) => ReadonlyArray<number>
}

/** The network. */
export interface Network {
  readonly serviceFor: (process: Process) => Service
  /** Begins an outage that lasts until it is ended. */
  readonly breakDown: (isSilent: boolean) => void
  readonly repair: () => void
  /** When a call of this process was last lost, refused or badly delayed, in milliseconds. */
  readonly troubledMillis: (process: Process) => number
}

/** Calls that may reach the storage twice: their repetition changes nothing. */
const repeatable = new Set(["settle", "report", "promote", "reclaim", "transition", "control"])

/** Longest time without an answer before a driver gives up, in milliseconds. */
const patienceMillis = 8_000

/** Farthest instant that a call is held up for, in milliseconds. */
const aimMillis = 400

interface Listener {
  readonly process: Process
  readonly queue: Queue.Queue<Storage.StorageEvent, StorageError>
}

type Respond = (exit: Exit.Exit<unknown, StorageError>) => void

/** Makes the network between a storage and the processes of a kernel. */
export const make = (options: Options): Network => {
  const cable = new Cable(options)
  return {
    serviceFor: (process) => serviceFor(cable, process),
    breakDown: (isSilent) => cable.breakDown(isSilent),
    repair: () => cable.repair(),
    troubledMillis: (process) => cable.troubled.get(process) ?? -Infinity
  }
}

const serviceFor = (cable: Cable, process: Process): Service => {
  const call = (operation: string) => (...request: ReadonlyArray<unknown>): Effect.Effect<never, StorageError> =>
    Effect.callback((resume) => {
      let isHeard = true
      cable.send(process, operation, request, (exit) => {
        // The answer has the type that the storage gave it.
        if (isHeard) resume(exit as Exit.Exit<never, StorageError>)
      })
      return Effect.sync(() => {
        isHeard = false
      })
    })
  const { storage } = cable.options
  const methods = Object.entries(storage).flatMap(([name, value]) =>
    typeof value === "function" ? [[name, call(name)] as const] : []
  )
  return Storage.Storage.of({
    ...storage,
    // Every method is a call over the network.
    ...(Object.fromEntries(methods) as unknown as Partial<Service>),
    capabilities: { durable: true, transaction: null },
    overview: Effect.suspend(call("overview")),
    events: Stream.unwrap(Effect.map(
      Effect.acquireRelease(
        Effect.map(Queue.unbounded<Storage.StorageEvent, StorageError>(), (queue) => cable.listen({ process, queue })),
        (listener) => Effect.sync(() => cable.listeners.delete(listener))
      ),
      ({ queue }) => Stream.fromQueue(queue)
    ))
  })
}

/** The state of the network. */
class Cable {
  readonly options: Options
  readonly listeners = new Set<Listener>()
  readonly troubled = new Map<Process, number>()
  readonly #clock: Clock.Clock
  #isDown = false
  #isSilent = false
  /** Connections of an earlier epoch are broken. */
  #epoch = 0

  constructor(options: Options) {
    this.options = options
    const { kernel, storage } = options
    this.#clock = clockOf(
      kernel.nowMicros,
      0,
      0,
      (millis, run) => kernel.at(kernel.nowMicros() + millis * 1_000, null, run)
    )
    const server = kernel.start({ name: "storage", skewMillis: 0, drift: 0 })
    Effect.runForkWith(server.context)(
      Stream.runForEach(storage.events, (event) => Effect.sync(() => this.#spread(event)))
    )
  }

  send(process: Process, operation: string, request: ReadonlyArray<unknown>, respond: Respond): void {
    const { dice, kernel } = this.options
    const sentMicros = kernel.nowMicros()
    const epoch = this.#epoch
    const delayMicros = this.#delayOf(process, { operation, request })
    if (this.#hits("Loss", process) && dice.chance(0.5)) {
      return this.#giveUp(process, operation, "the request was lost", sentMicros, respond)
    }
    kernel.at(sentMicros + delayMicros, null, () => {
      if (this.#isDown || epoch !== this.#epoch) return this.#refuse(process, operation, sentMicros, respond)
      this.#arrive(process, operation, request, sentMicros, respond)
    })
  }

  listen(listener: Listener): Listener {
    this.listeners.add(listener)
    if (this.#isDown) this.#hangUp(listener)
    else this.#deliver(listener, { _tag: "Connected" })
    return listener
  }

  breakDown(isSilent: boolean): void {
    this.#isDown = true
    this.#isSilent = isSilent
    this.#epoch += 1
    for (const listener of this.listeners) this.#hangUp(listener)
  }

  repair(): void {
    this.#isDown = false
  }

  #arrive(
    process: Process,
    operation: string,
    request: ReadonlyArray<unknown>,
    sentMicros: number,
    respond: Respond
  ): void {
    const { dice, kernel } = this.options
    const epoch = this.#epoch
    if (this.#hits("Conflict", process)) {
      const reason = new Conflict({ operation, detail: "simulated conflict" })
      return this.#answer(process, Exit.fail(new StorageError({ reason })), respond)
    }
    const exit = this.#execute(process, operation, request)
    if (repeatable.has(operation) && this.#hits("Repeat", process)) {
      kernel.at(kernel.nowMicros() + dice.below(2_000_000), null, () => {
        if (!this.#isDown) this.#execute(process, operation, request)
      })
    }
    if (this.#hits("Loss", process)) {
      return this.#giveUp(process, operation, "the answer was lost", sentMicros, respond)
    }
    kernel.at(kernel.nowMicros() + this.#delayOf(process, null), process, () => {
      if (epoch === this.#epoch) respond(exit)
      else this.#refuse(process, operation, sentMicros, respond)
    })
  }

  #execute(process: Process, operation: string, request: ReadonlyArray<unknown>): Exit.Exit<unknown, StorageError> {
    const { journal, kernel, see, storage } = this.options
    const nowMicros = kernel.nowMicros()
    // Names of operations are keys of the storage: they come from there.
    const member = Reflect.get(storage, operation) as unknown
    const effect = (typeof member === "function" ? member(...request) : member) as Effect.Effect<unknown, StorageError>
    const exit = Effect.runSyncExit(Effect.provideService(effect, Clock.Clock, this.#clock))
    journal.note(nowMicros, `${process.name} ${operation} ${brief(request)} -> ${briefExit(exit)}`)
    see({ process, operation, request, exit, nowMillis: Math.floor(nowMicros / 1_000) })
    return exit
  }

  #answer(process: Process, exit: Exit.Exit<unknown, StorageError>, respond: Respond): void {
    const { kernel } = this.options
    kernel.at(kernel.nowMicros() + this.#delayOf(process, null), process, () => respond(exit))
  }

  /** Nobody knows what became of the call: the driver finds out at once, or after its patience is over. */
  #giveUp(process: Process, operation: string, detail: string, sentMicros: number, respond: Respond): void {
    const { dice, kernel } = this.options
    this.#trouble(process)
    const isSilent = dice.chance(0.3)
    const atMicros = isSilent ? sentMicros + patienceMillis * 1_000 : kernel.nowMicros() + this.#delayOf(process, null)
    kernel.at(atMicros, process, () => {
      this.#trouble(process)
      respond(unavailable(operation, detail))
    })
  }

  #refuse(process: Process, operation: string, sentMicros: number, respond: Respond): void {
    const { kernel } = this.options
    this.#trouble(process)
    const atMicros = this.#isSilent
      ? Math.max(kernel.nowMicros(), sentMicros + patienceMillis * 1_000)
      : kernel.nowMicros() + this.#delayOf(process, null)
    kernel.at(atMicros, process, () => {
      this.#trouble(process)
      respond(unavailable(operation, "the storage is down"))
    })
  }

  #delayOf(
    process: Process,
    call: { readonly operation: string; readonly request: ReadonlyArray<unknown> } | null
  ): number {
    const { dice, kernel, scenario: { settings }, turningPoints } = this.options
    const nowMicros = kernel.nowMicros()
    const fairMicros = 50 + dice.below(settings.latencyMillis * 1_000)
    const slow = this.#weather("Slow", process)
    const isSlow = slow !== undefined && dice.chance(slow.share)
    if (isSlow) this.#trouble(process)
    const lateMicros = isSlow ? dice.below(slow.byMillis * 1_000) : 0
    if (call === null || !dice.chance(settings.aimShare)) return fairMicros + lateMicros
    const arrivalMillis = (nowMicros + fairMicros) / 1_000
    // A claim may be under way until the lease has ended, which only matters when its worker does not live on.
    const isFar = call.operation === "claim" && dice.chance(0.2)
    const farMillis = isSlow ? slow.byMillis : isFar ? settings.leaseMillis : aimMillis
    const points = turningPoints(call.operation, call.request, arrivalMillis).filter((point) =>
      point - arrivalMillis < farMillis
    )
    const point = points[dice.below(Math.max(1, points.length))]
    // At the instant itself, or one millisecond before or after it.
    return point === undefined
      ? fairMicros + lateMicros
      : Math.max(fairMicros, (point + dice.pick([0, 0, -1, 1])) * 1_000 - nowMicros)
  }

  #weather(tag: Weather["_tag"], process: Process): Weather | undefined {
    const { kernel, scenario: { faults }, workerOf } = this.options
    if (faults.length === 0) return undefined
    const nowMillis = kernel.nowMicros() / 1_000
    for (const fault of faults) {
      if (fault._tag !== tag || !("share" in fault)) continue
      if (nowMillis < fault.atMillis || nowMillis >= fault.atMillis + fault.millis) continue
      if (fault.worker === null || fault.worker === workerOf(process)) return fault
    }
    return undefined
  }

  #hits(tag: Weather["_tag"], process: Process): boolean {
    const weather = this.#weather(tag, process)
    if (weather === undefined || !this.options.dice.chance(weather.share)) return false
    this.#trouble(process)
    return true
  }

  #trouble(process: Process): void {
    this.troubled.set(process, this.options.kernel.nowMicros() / 1_000)
  }

  #spread(event: Storage.StorageEvent): void {
    if (event._tag === "Connected") return
    for (const listener of this.listeners) {
      const { process } = listener
      if (process.state === "killed") this.listeners.delete(listener)
      else if (!this.#isDown && !this.#hits("Deaf", process)) this.#deliver(listener, event)
    }
  }

  #deliver({ process, queue }: Listener, event: Storage.StorageEvent): void {
    const { kernel } = this.options
    kernel.at(kernel.nowMicros() + this.#delayOf(process, null), process, () => Queue.offerUnsafe(queue, event))
  }

  #hangUp(listener: Listener): void {
    const { kernel } = this.options
    this.listeners.delete(listener)
    kernel.at(
      kernel.nowMicros() + this.#delayOf(listener.process, null),
      listener.process,
      () => Queue.failCauseUnsafe(listener.queue, Cause.fail(outage("events", "the connection broke")))
    )
  }
}

const outage = (operation: string, detail: string): StorageError =>
  new StorageError({ reason: new Unavailable({ operation, detail }) })

const unavailable = (operation: string, detail: string): Exit.Exit<never, StorageError> =>
  Exit.fail(outage(operation, detail))

/** What a journal line says of a value: enough to tell two runs apart. */
const brief = (value: unknown): string => JSON.stringify(value)

const briefExit = (exit: Exit.Exit<unknown, StorageError>): string =>
  Exit.isSuccess(exit) ? brief(exit.value) ?? "void" : "failed"
