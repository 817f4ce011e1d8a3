/**
 * Running a list of commands against a fresh driver and a fresh reference, and making a failing list short.
 */
import { Storage } from "@millrace/storage"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Fixture from "../../Fixture.ts"
import type { DriverLayer } from "../../SuiteTest.ts"
import { onTestClock } from "../../SuiteTest.ts"
import type { Command } from "./command.ts"
import { compareState } from "./compare.ts"
import { step } from "./step.ts"
import type { World } from "./world.ts"
import { makeWorld } from "./world.ts"

/** Where a run went wrong, and how. */
export interface Mismatch {
  readonly at: number
  readonly finding: string
}

/** Runs commands from an empty storage at `Fixture.startMillis`; null when both storages agree to the end. */
export const run = <E>(layer: DriverLayer<E>, commands: ReadonlyArray<Command>): Effect.Effect<Mismatch | null, E> =>
  Effect.andThen(
    TestClock.setTime(Fixture.startMillis),
    Effect.flatMap(Storage.Storage, (driver) => runOn(driver, commands)).pipe(Effect.provide(onTestClock(layer)))
  ).pipe(Effect.provide(TestClock.layer(), { local: true }))

const runOn = Effect.fnUntraced(function*(
  driver: Storage.Storage["Service"],
  commands: ReadonlyArray<Command>
) {
  const world = yield* makeWorld(driver)
  for (const [at, command] of commands.entries()) {
    const finding = yield* doStep(world, command, at)
    if (finding !== null) return { at, finding }
  }
  return null
})

/** An error or a defect of a driver is a finding like any other. */
const doStep = (world: World, command: Command, at: number): Effect.Effect<string | null> =>
  Effect.gen(function*() {
    return (yield* step(world, command)) ?? (yield* compareState(world, `${at} ${command._tag}`))
  }).pipe(
    Effect.catchCause((cause) =>
      Cause.hasInterruptsOnly(cause) ? Effect.interrupt : Effect.succeed(Cause.pretty(cause))
    )
  )

/**
 * Leaves commands out while the run still fails, in halves, quarters and so on, and then single jobs and
 * claims out of the commands that are left, with at most `budget` runs.
 */
export const shrink = Effect.fnUntraced(function*<E>(
  layer: DriverLayer<E>,
  commands: ReadonlyArray<Command>,
  mismatch: Mismatch,
  budget: number
) {
  let best = { commands: commands.slice(0, mismatch.at + 1), mismatch }
  let runs = 0
  for (let size = Math.ceil(best.commands.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < best.commands.length && runs < budget;) {
      const shorter = [...best.commands.slice(0, start), ...best.commands.slice(start + size)]
      runs += 1
      const found = yield* run(layer, shorter)
      if (found === null) start += size
      else best = { commands: shorter.slice(0, found.at + 1), mismatch: found }
    }
  }
  for (let at = 0; at < best.commands.length; at++) {
    const command = best.commands[at]
    const smaller = command === undefined ? [] : smallerThan(command)
    for (const candidate of smaller.slice(0, Math.max(0, budget - runs))) {
      runs += 1
      const commands = best.commands.with(at, candidate)
      const found = yield* run(layer, commands)
      if (found === null) continue
      best = { commands: commands.slice(0, found.at + 1), mismatch: found }
      at -= 1
      break
    }
  }
  return best
})

/** The command with one entry of its list left out, for every entry. */
const smallerThan = (command: Command): ReadonlyArray<Command> => {
  if (command._tag === "Insert") return withoutOne(command.jobs).map((jobs) => ({ ...command, jobs }))
  if (command._tag === "Settle") return withoutOne(command.claims).map((claims) => ({ ...command, claims }))
  return command._tag === "Transition" ? withoutOne(command.numbers).map((numbers) => ({ ...command, numbers })) : []
}

const withoutOne = <A>(items: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  items.length < 2 ? [] : items.map((_, index) => items.toSpliced(index, 1))
