import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Latch, Scope } from "effect"
import { join } from "node:path"
import type { Output } from "../src/Output.ts"
import * as Supervisor from "../src/Supervisor.ts"

/** An output that keeps its lines, and lets one wait for them. */
const recorder = () => {
  const lines: Array<string> = []
  let waiting: ReadonlyArray<
    { readonly count: number; readonly part: string; readonly done: Deferred.Deferred<void> }
  > = []
  const has = (part: string, count: number) => lines.filter((line) => line.includes(part)).length >= count
  const output: Output = {
    text: () => undefined,
    line: (program, text) => {
      lines.push(`${program}: ${text}`)
      for (const { count, done, part } of waiting) if (has(part, count)) Deferred.doneUnsafe(done, Effect.void)
    }
  }
  /** Waits until a text was seen in so many lines. */
  const seen = (part: string, count = 1) =>
    Effect.suspend(() => {
      const done = Deferred.makeUnsafe<void>()
      waiting = [...waiting, { count, part, done }]
      return has(part, count) ? Effect.void : Deferred.await(done)
    })
  return { lines, output, seen }
}

const program = (name: string, file: string) => ({
  name,
  entry: join(import.meta.dirname, "programs", file),
  folder: import.meta.dirname,
  environment: process.env
})

const grace = Duration.seconds(20)

const make = Effect.fnUntraced(function*(
  programs: Supervisor.Options["programs"],
  options: Partial<Pick<Supervisor.Options, "grace" | "urgent">> = {}
) {
  const record = recorder()
  const scope = yield* Scope.make()
  const supervisor = yield* Scope.provide(
    Supervisor.make({ programs, output: record.output, grace, urgent: Effect.never, ...options }),
    scope
  )
  // As it happens in a program that a signal interrupts: in a fiber that is being interrupted.
  const run = yield* Effect.forkChild(Effect.ensuring(Effect.never, Scope.close(scope, Exit.void)), {
    startImmediately: true
  })
  return { ...record, supervisor, close: Fiber.interrupt(run) }
})

const isAlive = (pid: number | undefined): boolean => {
  if (pid === undefined) return false
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe("Supervisor", () => {
  it.live("starts programs, forwards their lines, and asks them to stop", () =>
    Effect.gen(function*() {
      const { close, lines, seen, supervisor } = yield* make([program("server", "obliging.ts")])
      yield* supervisor.start
      yield* seen("server: runs")
      const pid = supervisor.pid("server")
      assert.isTrue(isAlive(pid))
      yield* close
      assert.isFalse(isAlive(pid))
      assert.deepStrictEqual(lines, ["server: runs", "server: asked to stop"])
    }))

  it.live("lets programs stop by themselves also when its fiber is interrupted, as a signal does it", () =>
    Effect.gen(function*() {
      const { lines, output, seen } = recorder()
      const programs = [program("server", "obliging.ts")]
      const run = yield* Effect.forkChild(Effect.scoped(Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({ programs, output, grace, urgent: Effect.never })
        yield* supervisor.start
        return yield* Effect.never
      })))
      yield* seen("server: runs")
      yield* Fiber.interrupt(run)
      assert.deepStrictEqual(lines, ["server: runs", "server: asked to stop"])
    }))

  it.live("fails when a program ends while everything starts", () =>
    Effect.gen(function*() {
      const { close, lines, supervisor } = yield* make([program("worker", "brief.ts")])
      yield* supervisor.start
      const error = yield* Effect.flip(supervisor.failure)
      assert.include(error.message, "The worker ended while it started (exit code 3)")
      assert.includeMembers(lines, ["worker: runs", `worker: {"level":"error","message":"no more"}`])
      yield* close
    }))

  it.live("starts again what ends, with a growing pause, and says so", () =>
    Effect.gen(function*() {
      const { close, lines, seen, supervisor } = yield* make([program("worker", "brief.ts")])
      yield* supervisor.settled
      yield* supervisor.start
      yield* seen("worker: runs", 3)
      yield* close
      assert.deepStrictEqual(lines.filter((line) => line.startsWith("dev:")).slice(0, 2), [
        "dev: the worker ended (exit code 3); starting it again in 500ms",
        "dev: the worker ended (exit code 3); starting it again in 1s"
      ])
    }))

  it.live("starts again a program that was killed, as another process", () =>
    Effect.gen(function*() {
      const { close, seen, supervisor } = yield* make([program("server", "obliging.ts")])
      yield* supervisor.start
      yield* supervisor.settled
      yield* seen("server: runs")
      const first = supervisor.pid("server") ?? 0
      process.kill(first, "SIGKILL")
      yield* seen("the server ended (signal SIGKILL)")
      yield* seen("server: runs", 2)
      assert.notStrictEqual(supervisor.pid("server"), first)
      yield* close
    }))

  it.live("kills what does not stop in time", () =>
    Effect.gen(function*() {
      const programs = [program("worker", "deaf.ts"), program("server", "obliging.ts")]
      const { close, lines, seen, supervisor } = yield* make(programs, { grace: Duration.seconds(1) })
      yield* supervisor.start
      yield* seen(": runs", 2)
      const pids = [supervisor.pid("worker"), supervisor.pid("server")]
      yield* close
      assert.deepStrictEqual(pids.map(isAlive), [false, false])
      assert.include(lines, "dev: the worker did not stop in time: killed")
      assert.include(lines, "server: asked to stop")
    }))

  it.live("waits no longer when it is urgent", () =>
    Effect.gen(function*() {
      const urgent = yield* Latch.make()
      const programs = [program("worker", "deaf.ts")]
      const { close, seen, supervisor } = yield* make(programs, { grace: Duration.hours(1), urgent: urgent.await })
      yield* supervisor.start
      yield* seen("worker: runs")
      const pid = supervisor.pid("worker")
      yield* urgent.open
      yield* close
      assert.isFalse(isAlive(pid))
    }))
})
