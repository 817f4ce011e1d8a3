/**
 * The model test: random command sequences done to a driver and to `MemoryStorage`, whose answers and
 * whole states must agree after every command.
 *
 * Where the port leaves drivers a choice, the choice is judged by itself (no older job is passed, no
 * tenant gets more than its share, no room is left while work waits) and the reference follows it. After
 * every command the driver's jobs are besides held to what needs no reference: every change is in
 * `JobState.transitions`, tokens rise one by one, every claim left one entry in the history, no two live jobs
 * hold one unique key, counts fit the jobs.
 *
 * A failure prints the seed and the shortest list of commands that was found for it.
 *
 * @since 0.1.0
 */
import { describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type { Command } from "./internal/model/command.ts"
import { generate } from "./internal/model/command.ts"
import type { Mismatch } from "./internal/model/run.ts"
import { run, shrink } from "./internal/model/run.ts"
import type { DriverLayer } from "./SuiteTest.ts"

/**
 * Options of the model test.
 *
 * **Details**
 *
 * - `sequences`: how many command sequences; the variable `MILLRACE_MODEL_SEQUENCES` goes before. Defaults to 60.
 * - `length`: commands of a sequence; `MILLRACE_MODEL_LENGTH`. Defaults to 100.
 * - `seed`: the seed of the first sequence, the next ones follow; `MILLRACE_MODEL_SEED`. Defaults to 1.
 * - `timeoutMillis`: how long all of it may take. Defaults to 10 minutes.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly sequences?: number
  readonly length?: number
  readonly seed?: number
  readonly timeoutMillis?: number
}

/** Runs that may be spent on making a failing sequence short. */
const shrinkBudget = 300

const settings = (options: Options) =>
  Config.all({
    sequences: Config.Int("MILLRACE_MODEL_SEQUENCES").pipe(Config.withDefault(options.sequences ?? 60)),
    length: Config.Int("MILLRACE_MODEL_LENGTH").pipe(Config.withDefault(options.length ?? 100)),
    seed: Config.Int("MILLRACE_MODEL_SEED").pipe(Config.withDefault(options.seed ?? 1))
  })

/**
 * Declares the test for a driver. `layer` must build an empty storage every time.
 *
 * @stability unstable
 * @category suites
 * @since 0.1.0
 */
export const suite = <E>(layer: DriverLayer<E>, options: Options = {}): void => {
  describe("model", () => {
    it.effect("agrees with the reference on random command sequences", () =>
      Effect.gen(function*() {
        const { length, seed, sequences } = yield* settings(options)
        for (let n = 0; n < sequences; n++) {
          const report = yield* check(layer, seed + n, length)
          if (report !== null) return yield* Effect.die(new Error(report))
        }
      }), { timeout: options.timeoutMillis ?? 600_000 })
  })
}

/**
 * Runs the sequence of one seed; answers a report for people when the driver disagrees, else null.
 *
 * @stability unstable
 * @category checks
 * @since 0.1.0
 */
export const check = Effect.fnUntraced(function*<E>(layer: DriverLayer<E>, seed: number, length: number) {
  const commands = generate(seed, length)
  const mismatch = yield* run(layer, commands)
  if (mismatch === null) return null
  const shortest = yield* shrink(layer, commands, mismatch, shrinkBudget)
  return describeFailure(seed, length, shortest.commands, shortest.mismatch)
})

const describeFailure = (
  seed: number,
  length: number,
  commands: ReadonlyArray<Command>,
  mismatch: Mismatch
): string =>
  [
    `seed ${seed} (MILLRACE_MODEL_SEED=${seed} MILLRACE_MODEL_LENGTH=${length} MILLRACE_MODEL_SEQUENCES=1)`,
    `after command ${mismatch.at}: ${mismatch.finding}`,
    ...commands.map((command, index) => `${String(index).padStart(3)} ${JSON.stringify(command)}`)
  ].join("\n")
