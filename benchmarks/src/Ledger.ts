/**
 * The ledger of a run: how often each job was executed.
 *
 * Every process that runs jobs keeps one; the harness merges them and holds
 * them against the jobs that were enqueued. A figure counts only when every
 * job ran exactly once.
 */

/** Executions per job number, for the numbers `from` to `from + counts.length - 1`. */
export interface Ledger {
  readonly from: number
  readonly counts: Uint8Array
}

/** What a merged ledger says about a run. */
export interface LedgerVerdict {
  /** Jobs that ran at least once. */
  readonly ran: number
  /** Jobs that ran more than once. */
  readonly doubled: number
  /** Jobs that never ran. */
  readonly missing: number
}

/** Makes an empty ledger for `count` jobs numbered from `from`. */
export const make = (from: number, count: number): Ledger => ({ from, counts: new Uint8Array(count) })

/** Notes one execution of job `n`; false when the number is none of this run's. */
export const record = (ledger: Ledger, n: number): boolean => {
  const index = n - ledger.from
  const before = ledger.counts[index]
  if (before === undefined) return false
  ledger.counts[index] = Math.min(before + 1, 255)
  return true
}

/** Adds up ledgers of the same range. */
export const merge = (from: number, count: number, ledgers: ReadonlyArray<Ledger>): Ledger => {
  const merged = make(from, count)
  for (const ledger of ledgers) {
    for (const [index, executions] of ledger.counts.entries()) {
      const at = index + ledger.from - from
      const before = merged.counts[at]
      if (before !== undefined) merged.counts[at] = Math.min(before + executions, 255)
    }
  }
  return merged
}

/** Counts what ran, what ran twice and what never ran. */
export const verdict = (ledger: Ledger): LedgerVerdict => {
  let ran = 0
  let doubled = 0
  for (const executions of ledger.counts) {
    if (executions > 0) ran += 1
    if (executions > 1) doubled += 1
  }
  return { ran, doubled, missing: ledger.counts.length - ran }
}

/** Says in one sentence why a ledger is not "each job exactly once"; undefined when it is. */
export const complaint = (verdict: LedgerVerdict): string | undefined => {
  const parts = [
    verdict.missing > 0 ? `${verdict.missing} jobs never ran` : "",
    verdict.doubled > 0 ? `${verdict.doubled} jobs ran twice or more` : ""
  ].filter((part) => part !== "")
  return parts.length === 0 ? undefined : parts.join(", ")
}

/** Packs a ledger into text for the way between processes. */
export const encode = (ledger: Ledger): string => Buffer.from(ledger.counts).toString("base64")

/** Unpacks what `encode` made. */
export const decode = (from: number, text: string): Ledger => ({
  from,
  counts: new Uint8Array(Buffer.from(text, "base64"))
})
