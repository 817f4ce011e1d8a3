/**
 * Changing run-time settings: pauses, limits, weights.
 */
import type { ControlCommand } from "../../ControlCommand.ts"
import * as Limits from "./limits.ts"
import * as Pauses from "./pauses.ts"
import type { MemoryState } from "./state.ts"
import { queueOf } from "./state.ts"

/** Changes a run-time setting. What may let jobs start tells of them. */
export const control = (state: MemoryState, command: ControlCommand, now: number): void => {
  change(state, command, now)
  if (command._tag.startsWith("Pause")) return
  const queues = command._tag === "ResumeQueue" ? [command.queue] : state.queues.keys()
  for (const queue of queues) state.events.push({ _tag: "Available", queue })
}

const change = (state: MemoryState, command: ControlCommand, now: number): void => {
  const { limits } = state
  switch (command._tag) {
    case "PauseQueue":
      queueOf(state, command.queue).pausedAt ??= now
      return
    case "ResumeQueue":
      queueOf(state, command.queue).pausedAt = null
      return
    case "PauseTenant":
      return Pauses.begin(limits.pauses, now, { what: "tenant", name: command.tenant, key: null, until: null })
    case "ResumeTenant":
      return Pauses.end(limits.pauses, "tenant", command.tenant)
    case "PauseName":
      return Pauses.begin(limits.pauses, now, { what: "name", name: command.name, key: null, until: null })
    case "ResumeName":
      return Pauses.end(limits.pauses, "name", command.name)
    case "PauseLimit":
      return Pauses.begin(limits.pauses, now, {
        what: "limit",
        name: command.limit,
        key: command.key,
        until: untilOf(command.durationMillis, now)
      })
    case "ResumeLimit":
      return Pauses.end(limits.pauses, "limit", command.limit, command.key)
    case "DeclareLimits":
      return Limits.declare(limits, command.release, command.rules, now)
    case "OverrideLimit":
    case "ClearOverride":
      return override(state, command, now)
    case "SetWeight":
      return setWeight(state, command)
  }
}

const untilOf = (durationMillis: number | null, now: number): number | null =>
  durationMillis === null ? null : now + Math.ceil(durationMillis)

type Of<Tag extends ControlCommand["_tag"]> = Extract<ControlCommand, { readonly _tag: Tag }>

const override = (
  { limits }: MemoryState,
  command: Of<"OverrideLimit" | "ClearOverride">,
  now: number
): void => {
  const { key, limit } = command
  const overrides = limits.overrides.get(limit) ?? new Map<string | null, Limits.MemoryOverride>()
  limits.overrides.set(limit, overrides)
  overrides.delete(key)
  if (command._tag === "ClearOverride") return
  overrides.set(key, {
    key,
    max: command.max ?? null,
    perMillis: command.perMillis ?? null,
    burst: command.burst ?? null,
    until: untilOf(command.durationMillis, now)
  })
}

const setWeight = (state: MemoryState, { queue, tenant, weight }: Of<"SetWeight">): void => {
  const weights = state.weights.get(tenant) ?? new Map<string | null, number>()
  if (weight === null) weights.delete(queue)
  else weights.set(queue, weight)
  if (weights.size === 0) state.weights.delete(tenant)
  else state.weights.set(tenant, weights)
}
