import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Starts a process that owns a program, and waits until the program runs. */
const owner = (program: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const process_ = spawn(process.execPath, [join(import.meta.dirname, "programs", "owner.ts"), program], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      const [line] = await once(process_.stdout, "data")
      return { owner: process_, pid: Number(String(line).trim()) }
    }),
    ({ owner, pid }) =>
      Effect.sync(() => [owner.pid ?? 0, pid].filter(isAlive).forEach((each) => process.kill(each, "SIGKILL")))
  )

const killed = (child: ChildProcess) =>
  Effect.promise(async () => {
    const end = once(child, "exit")
    child.kill("SIGKILL")
    await end
  })

const gone = (pid: number) =>
  Effect.sync(() => isAlive(pid)).pipe(
    Effect.repeat({ until: (alive) => !alive, schedule: Schedule.spaced("20 millis") }),
    Effect.timeout("20 seconds")
  )

describe("LifeLine", () => {
  it.live("stops a program whose owner was killed", () =>
    Effect.gen(function*() {
      const { owner: process_, pid } = yield* owner("obliging.ts")
      assert.isTrue(isAlive(pid))
      yield* killed(process_)
      yield* gone(pid)
    }))

  it.live("ends a program that hears nothing", () =>
    Effect.gen(function*() {
      const { owner: process_, pid } = yield* owner("deaf.ts")
      yield* killed(process_)
      yield* gone(pid)
    }))
})
