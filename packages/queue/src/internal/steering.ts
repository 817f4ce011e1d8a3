/**
 * Pauses, overrides and weights: checked, and handed to the storage as commands.
 */
import type { ControlCommand } from "@millrace/storage/ControlCommand"
import type { Storage } from "@millrace/storage/Storage"
import type { StorageError } from "@millrace/storage/StorageError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Admission, Override, Target } from "../Admission.ts"
import type { InvalidOption } from "../QueueError.ts"
import type { Declarer } from "./declarer.ts"
import * as Checks from "./optionChecks.ts"

/** The steering methods of `Queue`. */
export const make = (storage: Storage["Service"], { declare }: Declarer) => {
  const admission: Admission = {
    limits: storage.inspect.limits,
    tenants: (query = {}) => storage.inspect.tenants(query),
    declare: (limits) => declare(limits.map(({ rule }) => rule)),
    override: (limit, override) => send(storage, () => overrideCommand(limit, override)),
    clearOverride: (limit, key) => storage.control({ _tag: "ClearOverride", limit, key: key ?? null }),
    setWeight: (tenant, weight, options = {}) => send(storage, () => weightCommand(tenant, weight, options.queue))
  }
  return {
    admission,
    pause: (target: Target, options: { readonly during?: Duration.Input } = {}) =>
      orDie(send(storage, () => pauseCommand(target, options.during))),
    resume: (target: Target) => orDie(send(storage, () => resumeCommand(target)))
  }
}

type Command = Result.Result<ControlCommand, InvalidOption>

const send = (storage: Storage["Service"], command: () => Command): Effect.Effect<void, InvalidOption | StorageError> =>
  Effect.flatMap(Effect.suspend(() => Effect.fromResult(command())), storage.control)

const orDie = (sent: Effect.Effect<void, InvalidOption | StorageError>): Effect.Effect<void, StorageError> =>
  Effect.catchTag(sent, "InvalidOption", (error) => Effect.die(error))

const pauseCommand = (target: Target, during: Duration.Input | undefined): Command => {
  if (typeof target === "object" && "limit" in target) return limitPause(target.limit, target.key, during)
  if (during !== undefined) return Checks.refuse("during", "only a limit can be paused for a time; resume others")
  return Result.map(named(target), ([what, name]): ControlCommand => {
    switch (what) {
      case "queue":
        return { _tag: "PauseQueue", queue: name }
      case "tenant":
        return { _tag: "PauseTenant", tenant: name }
      case "name":
        return { _tag: "PauseName", name }
    }
  })
}

const limitPause = (limit: string, key: string | undefined, during: Duration.Input | undefined): Command =>
  Result.gen(function*() {
    return {
      _tag: "PauseLimit",
      limit: yield* Checks.label("limit", limit),
      key: key ?? null,
      durationMillis: during === undefined ? null : yield* Checks.timeout(during, "during")
    } as const
  })

const resumeCommand = (target: Target): Command => {
  if (typeof target === "object" && "limit" in target) {
    return Result.succeed({ _tag: "ResumeLimit", limit: target.limit, key: target.key ?? null })
  }
  return Result.map(named(target), ([what, name]): ControlCommand => {
    switch (what) {
      case "queue":
        return { _tag: "ResumeQueue", queue: name }
      case "tenant":
        return { _tag: "ResumeTenant", tenant: name }
      case "name":
        return { _tag: "ResumeName", name }
    }
  })
}

/** What a target names. Jobs without a tenant are those of the tenant "". */
const named = (
  target: Exclude<Target, { readonly limit: string }>
): Result.Result<readonly [what: "queue" | "tenant" | "name", name: string], InvalidOption> => {
  if (typeof target === "string") return Result.map(Checks.label("queue", target), (queue) => ["queue", queue] as const)
  if ("queue" in target) return Result.map(Checks.label("queue", target.queue), (queue) => ["queue", queue] as const)
  if ("name" in target) return Result.map(Checks.label("name", target.name), (name) => ["name", name] as const)
  return target.tenant === ""
    ? Result.succeed(["tenant", ""] as const)
    : Result.map(Checks.label("tenant", target.tenant), (tenant) => ["tenant", tenant] as const)
}

/** Most jobs of a limit, and most permits. */
const permitsMax = 1_000_000_000

const overrideCommand = (limit: string, { burst, during, key, max, per }: Override): Command =>
  Result.gen(function*() {
    return {
      _tag: "OverrideLimit",
      limit: yield* Checks.label("limit", limit),
      key: key ?? null,
      ...(max === undefined ? {} : { max: yield* Checks.whole("max", max, 0, permitsMax) }),
      ...(per === undefined ? {} : { perMillis: yield* Checks.timeout(per, "per") }),
      ...(burst === undefined ? {} : { burst: yield* Checks.whole("burst", burst, 1, permitsMax) }),
      durationMillis: during === undefined ? null : yield* Checks.timeout(during, "during")
    } as const
  })

const weightCommand = (tenant: string, weight: number | null, queue: string | undefined): Command =>
  weight === null || (weight >= 0.01 && weight <= 100)
    ? Result.succeed({ _tag: "SetWeight", tenant, queue: queue ?? null, weight })
    : Checks.refuse("weight", "expected a number from 0.01 to 100")
