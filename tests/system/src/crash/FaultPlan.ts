/**
 * When what happens in a storm: decided from a seed before it begins.
 */
import * as SeededRandom from "./SeededRandom.ts"
import type { FaultCounts } from "./StormSettings.ts"

/** The name of a fault. */
export type FaultName = keyof FaultCounts

/** A fault that is to happen so long after the beginning; `choice`, from 0 up to 1, decides whom it hits. */
export interface PlannedFault {
  readonly fault: FaultName
  readonly atMillis: number
  readonly choice: number
}

const names: ReadonlyArray<FaultName> = [
  "kill",
  "freeze",
  "crashDatabase",
  "endSession",
  "silenceListener",
  "silenceQuery",
  "cut",
  "lockTables",
  "rollingRestart"
]

/** Spreads every kind of fault evenly over the span, each somewhere in its own share of it, in the order of time. */
export const make = (seed: number, counts: FaultCounts, spanMillis: number): ReadonlyArray<PlannedFault> => {
  const random = SeededRandom.make(seed)
  return names.flatMap((fault) =>
    Array.from({ length: counts[fault] }, (_, at): PlannedFault => ({
      fault,
      atMillis: Math.round((at + random()) / counts[fault] * spanMillis),
      choice: random()
    }))
  ).toSorted((one, other) => one.atMillis - other.atMillis)
}
