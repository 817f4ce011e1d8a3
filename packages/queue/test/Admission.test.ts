import { assert, describe, it } from "@effect/vitest"
import type { ControlCommand } from "@millrace/storage/ControlCommand"
import * as MemoryStorage from "@millrace/storage/MemoryStorage"
import { Storage } from "@millrace/storage/Storage"
import { Context, Effect, Layer } from "effect"
import * as Limit from "../src/Limit.ts"
import * as Queue from "../src/Queue.ts"
import { InvalidOption } from "../src/QueueError.ts"

/** The commands that the storage got. */
class Commands extends Context.Service<Commands, Array<ControlCommand>>()("@millrace/queue/test/Admission/Commands") {}

const watched = Layer.effectContext(Effect.map(MemoryStorage.make(), (inner) => {
  const commands: Array<ControlCommand> = []
  const storage = Storage.of({ ...inner, control: (command) => Effect.sync(() => void commands.push(command)) })
  return Context.make(Storage, storage).pipe(Context.add(Commands, commands))
}))

const test = Effect.provide(Queue.layer.pipe(Layer.provideMerge(watched)))

describe("Admission", () => {
  it.effect("pauses and resumes queues, tenants, names and limits", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const targets = [
        "mail",
        { queue: "mail" },
        { tenant: "acme" },
        { tenant: "" },
        { name: "Send" },
        { limit: "openai" },
        { limit: "openai", key: "k" }
      ] as const
      for (const target of targets) {
        yield* queue.pause(target)
        yield* queue.resume(target)
      }
      yield* queue.pause({ limit: "openai" }, { during: "30 seconds" })
      assert.deepStrictEqual(yield* Commands, [
        { _tag: "PauseQueue", queue: "mail" },
        { _tag: "ResumeQueue", queue: "mail" },
        { _tag: "PauseQueue", queue: "mail" },
        { _tag: "ResumeQueue", queue: "mail" },
        { _tag: "PauseTenant", tenant: "acme" },
        { _tag: "ResumeTenant", tenant: "acme" },
        { _tag: "PauseTenant", tenant: "" },
        { _tag: "ResumeTenant", tenant: "" },
        { _tag: "PauseName", name: "Send" },
        { _tag: "ResumeName", name: "Send" },
        { _tag: "PauseLimit", limit: "openai", key: null, durationMillis: null },
        { _tag: "ResumeLimit", limit: "openai", key: null },
        { _tag: "PauseLimit", limit: "openai", key: "k", durationMillis: null },
        { _tag: "ResumeLimit", limit: "openai", key: "k" },
        { _tag: "PauseLimit", limit: "openai", key: null, durationMillis: 30_000 }
      ])
    }).pipe(test))

  it.effect("overrides limits and sets weights", () =>
    Effect.gen(function*() {
      const { admission } = yield* Queue.Queue
      yield* admission.override("openai", { max: 0 })
      yield* admission.override("openai", { key: "k", max: 9, per: "1 minute", burst: 2, during: "1 hour" })
      yield* admission.clearOverride("openai")
      yield* admission.clearOverride("openai", "k")
      yield* admission.setWeight("acme", 3)
      yield* admission.setWeight("acme", 0.5, { queue: "mail" })
      yield* admission.setWeight("acme", null)
      assert.deepStrictEqual(yield* Commands, [
        { _tag: "OverrideLimit", limit: "openai", key: null, max: 0, durationMillis: null },
        {
          _tag: "OverrideLimit",
          limit: "openai",
          key: "k",
          max: 9,
          perMillis: 60_000,
          burst: 2,
          durationMillis: 3_600_000
        },
        { _tag: "ClearOverride", limit: "openai", key: null },
        { _tag: "ClearOverride", limit: "openai", key: "k" },
        { _tag: "SetWeight", tenant: "acme", queue: null, weight: 3 },
        { _tag: "SetWeight", tenant: "acme", queue: "mail", weight: 0.5 },
        { _tag: "SetWeight", tenant: "acme", queue: null, weight: null }
      ])
    }).pipe(test))

  it.effect("refuses numbers and names that can not be, and sends nothing", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.Queue
      const { admission } = queue
      const failures = yield* Effect.forEach([
        admission.override("", { max: 1 }),
        admission.override("a", { max: -1 }),
        admission.override("a", { burst: 0 }),
        admission.override("a", { during: 0 }),
        admission.setWeight("a", 0),
        admission.setWeight("a", 101),
        admission.setWeight("a", Number.NaN)
      ], (refused) => Effect.map(Effect.flip(refused), (error) => error._tag === "InvalidOption" ? error.field : ""))
      assert.deepStrictEqual(failures, ["limit", "max", "burst", "during", "weight", "weight", "weight"])
      const defects = yield* Effect.forEach(
        [
          queue.pause(""),
          queue.pause({ tenant: "a\nb" }),
          queue.pause("mail", { during: 5 }),
          queue.resume({ name: "" })
        ],
        (dies) =>
          Effect.catchDefect(Effect.as(dies, ""), (defect) =>
            Effect.succeed(defect instanceof InvalidOption ? defect.field : ""))
      )
      assert.deepStrictEqual(defects, ["queue", "tenant", "during", "name"])
      assert.deepStrictEqual(yield* Commands, [])
    }).pipe(test))

  it.effect("declares limits for programs without handlers", () =>
    Effect.gen(function*() {
      const { admission } = yield* Queue.Queue
      const limit = Limit.concurrency("per-store", { max: 5 })
      yield* admission.declare([limit])
      yield* admission.declare([limit])
      assert.deepStrictEqual(yield* Commands, [{ _tag: "DeclareLimits", release: "", rules: [limit.rule] }])
    }).pipe(test))
})
