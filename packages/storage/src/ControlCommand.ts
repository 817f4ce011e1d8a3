/**
 * The run-time settings of a storage, as commands.
 *
 * @since 0.1.0
 */
import type { LimitRule } from "./Limit.ts"

/**
 * A change of a run-time setting. Repeating it changes nothing more.
 *
 * **Details**
 *
 * - `PauseQueue`, `PauseTenant`, `PauseName`: nothing of it is lent until it is resumed. Running jobs go on.
 * - `PauseLimit`: nothing under this limit starts, of one key or (`key` null) of all, for `durationMillis`, or until it is
 *   resumed (null). `ResumeLimit` ends the pause of exactly this key, or of all keys alike.
 * - `DeclareLimits`: rules of a release. The release that declared anything last for the first time is the newest; its
 *   rules count. What an older one says of a rule of a newer one is ignored; every change is recorded.
 * - `OverrideLimit`: other numbers for one key, or (`key` null) for every key without an override of its own, for
 *   `durationMillis`, or until it is cleared (null). A number left out stays that of the rule. Replaces the override
 *   that was there.
 * - `SetWeight`: how much of a queue a tenant gets beside others, from 0.01 to 100; 1 is what those have that nobody set. `queue`
 *   null: of every queue without a weight of its own. `weight` null: no weight any more.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type ControlCommand =
  | { readonly _tag: "PauseQueue"; readonly queue: string }
  | { readonly _tag: "ResumeQueue"; readonly queue: string }
  | { readonly _tag: "PauseTenant"; readonly tenant: string }
  | { readonly _tag: "ResumeTenant"; readonly tenant: string }
  | { readonly _tag: "PauseName"; readonly name: string }
  | { readonly _tag: "ResumeName"; readonly name: string }
  | {
    readonly _tag: "PauseLimit"
    readonly limit: string
    readonly key: string | null
    readonly durationMillis: number | null
  }
  | { readonly _tag: "ResumeLimit"; readonly limit: string; readonly key: string | null }
  | { readonly _tag: "DeclareLimits"; readonly release: string; readonly rules: ReadonlyArray<LimitRule> }
  | {
    readonly _tag: "OverrideLimit"
    readonly limit: string
    readonly key: string | null
    readonly max?: number
    readonly perMillis?: number
    readonly burst?: number
    readonly durationMillis: number | null
  }
  | { readonly _tag: "ClearOverride"; readonly limit: string; readonly key: string | null }
  | {
    readonly _tag: "SetWeight"
    readonly tenant: string
    readonly queue: string | null
    readonly weight: number | null
  }
