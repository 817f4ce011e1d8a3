/**
 * Pauses of tenants, names and limits. Those of queues are the queues' own.
 */
import * as DateTime from "effect/DateTime"
import type { PauseRecord } from "../../PauseRecord.ts"

/** A pause. */
export interface MemoryPause {
  readonly what: PauseRecord["what"]
  readonly name: string
  readonly key: string | null
  readonly since: number
  readonly until: number | null
}

/** The pauses by what they pause. */
export type Pauses = Map<string, MemoryPause>

const idOf = (what: PauseRecord["what"], name: string, key: string | null): string => JSON.stringify([what, name, key])

/** The pause of exactly this that is in force. */
export const find = (
  pauses: Pauses,
  now: number,
  what: PauseRecord["what"],
  name: string,
  key: string | null = null
): MemoryPause | undefined => {
  const pause = pauses.get(idOf(what, name, key))
  return pause !== undefined && (pause.until === null || pause.until > now) ? pause : undefined
}

/** Begins a pause, or changes the end of one in force. */
export const begin = (pauses: Pauses, now: number, pause: Omit<MemoryPause, "since">): void => {
  const since = find(pauses, now, pause.what, pause.name, pause.key)?.since ?? now
  pauses.set(idOf(pause.what, pause.name, pause.key), { ...pause, since })
}

/** Begins a pause, or prolongs one in force; never makes one shorter. */
export const prolong = (pauses: Pauses, now: number, pause: Omit<MemoryPause, "since"> & { until: number }): void => {
  const known = find(pauses, now, pause.what, pause.name, pause.key)
  if (known === undefined || (known.until !== null && known.until < pause.until)) begin(pauses, now, pause)
}

/** Ends a pause. */
export const end = (pauses: Pauses, what: PauseRecord["what"], name: string, key: string | null = null): void => {
  pauses.delete(idOf(what, name, key))
}

/** The pauses in force of a limit. */
export const ofLimit = (pauses: Pauses, now: number, name: string): ReadonlyArray<MemoryPause> =>
  [...pauses.values()].filter((pause) =>
    pause.what === "limit" && pause.name === name && find(pauses, now, "limit", name, pause.key) !== undefined
  )

/** A pause as callers see it. */
export const toRecord = ({ key, name, since, until, what }: MemoryPause): PauseRecord => ({
  what,
  name,
  key,
  since: DateTime.makeUnsafe(since),
  until: until === null ? null : DateTime.makeUnsafe(until)
})
