/**
 * Reads `postmaster.pid`, the file in which a running server describes itself.
 *
 * Line 1 is the process id, line 7 the key and id of a shared-memory segment, line 8 the status: `starting`,
 * `ready`, `stopping` or `standby` (PostgreSQL, src/include/miscadmin.h and
 * utils/pidfile.h; pg_ctl waits for the same line).
 */

/** What a server says about itself. */
export interface PostmasterFile {
  readonly pid: number
  /** The System V segment by which servers of one data directory notice each other. */
  readonly segment: number | undefined
  readonly status: string
}

const toNumber = (line: string | undefined): number | undefined => {
  const value = Number.parseInt(line ?? "", 10)
  return Number.isSafeInteger(value) && value > 0 ? value : undefined
}

/** Parses the file; undefined while it is empty or half written. */
export const parse = (text: string): PostmasterFile | undefined => {
  const lines = text.split("\n")
  const pid = toNumber(lines[0])
  return pid === undefined
    ? undefined
    : { pid, segment: toNumber(lines[6]?.trim().split(/\s+/)[1]), status: (lines[7] ?? "").trim() }
}
