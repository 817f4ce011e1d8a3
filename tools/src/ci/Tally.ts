/**
 * How many checks passed, failed and were skipped. Tallies of steps add up to the tally of a run.
 */
export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Nothing has run. */
const empty: Tally = { passed: 0, failed: 0, skipped: 0 }

/** A tally of the given counts; those left out are 0. */
export const make = (counts: Partial<Tally>): Tally => ({ ...empty, ...counts })

/** The tally of one check. */
export const check = (passed: boolean): Tally => passed ? make({ passed: 1 }) : make({ failed: 1 })

/** Adds up the tallies of several steps. */
export const sum = (tallies: ReadonlyArray<Tally>): Tally =>
  tallies.reduce((total, each) => ({
    passed: total.passed + each.passed,
    failed: total.failed + each.failed,
    skipped: total.skipped + each.skipped
  }), empty)

/** A run is accepted when something ran and nothing failed. */
export const isAccepted = (tally: Tally): boolean => tally.failed === 0 && tally.passed > 0

/** The last line of a run: `N passed, N failed`, with `, N skipped` when there are any. */
export const render = (tally: Tally): string =>
  `${tally.passed} passed, ${tally.failed} failed${tally.skipped > 0 ? `, ${tally.skipped} skipped` : ""}`
