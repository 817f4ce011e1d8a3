/**
 * Keeps programs running: starts them, starts again what ends, with a growing pause, and stops all of them.
 *
 * Until `settled`, while everything starts for the first time, an end is a failure: what can not start now, because of a
 * wrong setting or a taken port, will not start a second later either.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Backoff from "./Backoff.ts"
import type { Output } from "./Output.ts"
import * as Program from "./Program.ts"

/** A program ended before everything ran. */
export class ProgramEnded extends Schema.TaggedError<ProgramEnded>()("ProgramEnded", {
  program: Schema.String,
  exit: Schema.String
}) {
  override get message(): string {
    return `The ${this.program} ended while it started (${this.exit}). Its lines above say why.`
  }
}

/** What a supervisor works with. `urgent` completes when the stop has to be at once. */
export interface Options {
  readonly programs: ReadonlyArray<Program.Program>
  readonly output: Output
  /** Time that programs get to stop by themselves. */
  readonly grace: Duration.Duration
  readonly urgent: Effect.Effect<void>
}

/** The supervisor. */
export interface Supervisor {
  /** Starts all programs, each of which is then kept running until the scope of `make` closes. */
  readonly start: Effect.Effect<void>
  /** Fails when a program ends before `settled`. */
  readonly failure: Effect.Effect<never, ProgramEnded>
  /** From here on, what ends is started again. */
  readonly settled: Effect.Effect<void>
  /** The process of a program; undefined while there is none. */
  readonly pid: (program: string) => number | undefined
  /** Kills every program at once. */
  readonly killNow: () => void
}

interface Kept {
  readonly program: Program.Program
  running: Program.Running | undefined
}

interface State {
  readonly options: Options
  readonly kept: ReadonlyArray<Kept>
  readonly failure: Deferred.Deferred<never, ProgramEnded>
  isSettled: boolean
}

/** Makes a supervisor, which stops its programs when the scope closes. */
export const make = Effect.fnUntraced(function*(options: Options) {
  const state: State = {
    options,
    kept: options.programs.map((program) => ({ program, running: undefined })),
    failure: yield* Deferred.make<never, ProgramEnded>(),
    isSettled: false
  }
  const scope = yield* Effect.scope
  // Runs after the fibers of `start` have ended, which a scope ends first: nothing is started again meanwhile.
  yield* Effect.addFinalizer(() => stop(state))
  const supervisor: Supervisor = {
    start: Effect.forEach(state.kept, (kept) => Effect.forkIn(keep(state, kept), scope), { discard: true }),
    failure: Deferred.await(state.failure),
    settled: Effect.sync(() => void (state.isSettled = true)),
    pid: (name) => alive(state).find(({ program }) => program.name === name)?.running.pid,
    killNow: () => alive(state).forEach(({ running }) => running.kill())
  }
  return supervisor
})

const keep = Effect.fnUntraced(function*(state: State, kept: Kept) {
  let pauseMillis = 0
  while (true) {
    const startedAt = yield* Clock.currentTimeMillis
    kept.running = Program.start(kept.program, state.options.output)
    const exit = yield* kept.running.exit
    const program = kept.program.name
    if (!state.isSettled) return yield* Deferred.fail(state.failure, new ProgramEnded({ program, exit }))
    pauseMillis = Backoff.next(pauseMillis, (yield* Clock.currentTimeMillis) - startedAt)
    const pause = Duration.format(Duration.millis(pauseMillis))
    state.options.output.line("dev", `the ${program} ended (${exit}); starting it again in ${pause}`)
    yield* Effect.sleep(pauseMillis)
  }
})

const alive = (state: State): ReadonlyArray<Kept & { readonly running: Program.Running }> =>
  state.kept.flatMap((kept) =>
    kept.running === undefined || kept.running.hasEnded() ? [] : [{ ...kept, running: kept.running }]
  )

const exits = (state: State) =>
  Effect.forEach(alive(state), ({ running }) => running.exit, { concurrency: "unbounded", discard: true })

/**
 * Asks all programs to stop, waits, and kills those that do not.
 *
 * The waits are races, which can be lost as they are. Were they made interruptible, they would end at once in a fiber
 * that stops because it was interrupted, and the database would go before the programs that write to it.
 */
const stop = Effect.fnUntraced(function*(state: State) {
  for (const { running } of alive(state)) running.signal("SIGTERM")
  yield* Effect.raceFirst(Effect.timeoutOption(exits(state), state.options.grace), state.options.urgent)
  for (const { program, running } of alive(state)) {
    state.options.output.line("dev", `the ${program.name} did not stop in time: killed`)
    running.kill()
  }
  yield* Effect.timeoutOption(exits(state), "1 second")
})
