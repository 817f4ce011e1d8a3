/**
 * What the event loop and the thread of a heart say to each other.
 *
 * Orders and answers are messages. What must be true while the event loop stands still is in shared memory instead:
 * its last sign of life, and when the last renewal of each worker was sent.
 */
import type { KeepOptions } from "@millrace/storage/Heart"
import type { RenewResult } from "@millrace/storage/WorkerRecord"

/** A monotonic instant in memory that both sides see. */
export type Cell = BigInt64Array<SharedArrayBuffer>

/** A cell that holds nothing yet. */
export const makeCell = (): Cell => new BigInt64Array(new SharedArrayBuffer(8))

/** The monotonic time in nanoseconds, the same in all threads of a process. */
export const nowNanos = (): bigint => process.hrtime.bigint()

/** Puts an instant into a cell. */
export const write = (cell: Cell, nanos: bigint): void => {
  Atomics.store(cell, 0, nanos)
}

/** The instant of a cell in milliseconds; `-Infinity` when there was none. */
export const readMillis = (cell: Cell): number => {
  const nanos = Atomics.load(cell, 0)
  return nanos === 0n ? -Infinity : Number(nanos) / 1e6
}

/** How to connect: what can be copied to a thread of a client's settings. */
export interface Connect {
  readonly url: string | undefined
  readonly host: string | undefined
  readonly port: number | undefined
  readonly path: string | undefined
  readonly ssl: object | boolean | undefined
  readonly database: string | undefined
  readonly username: string | undefined
  readonly password: string | undefined
  readonly startupParameters: Readonly<Record<string, string>> | undefined
  readonly startupOptions: string | undefined
  readonly applicationName: string
}

/** What a thread begins with. */
export interface Begin {
  readonly connect: Connect
  readonly schemaName: string
  /** The last sign of life of the event loop. */
  readonly sign: Cell
  /** Whether a process that stands still for too long is killed. */
  readonly recycle: boolean
}

/** A registration to keep alive, under a number of its own. */
export interface Keep extends Pick<KeepOptions, "workerId" | "leaseMillis" | "everyMillis" | "standstillMillis"> {
  readonly key: number
  /** When the last renewal that succeeded was sent. */
  readonly sent: Cell
}

/** An order of the event loop. */
export type Order =
  | { readonly _tag: "Keep"; readonly keep: Keep }
  | { readonly _tag: "Stop"; readonly key: number }

/** An answer of the thread. */
export type Answer =
  | { readonly _tag: "Renewed"; readonly key: number; readonly sentMillis: number; readonly result: RenewResult }
  | { readonly _tag: "Failed"; readonly key: number; readonly detail: string }
