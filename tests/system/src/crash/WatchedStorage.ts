/**
 * The storage, with its answers to settlements written into the ledger: from then on the job is settled for the world.
 */
import type { Settlement } from "@millrace/storage/Outcome"
import { Storage } from "@millrace/storage/Storage"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Writer } from "./CrashLedger.ts"

/** Wraps the storage below. */
export const layer = (ledger: Writer) =>
  Layer.effect(
    Storage,
    Effect.map(Storage, (storage) => {
      const settle = (workerId: string, settlements: ReadonlyArray<Settlement>) =>
        Effect.tap(storage.settle(workerId, settlements), (answers) =>
          Effect.map(storage.capabilities.inTransaction ?? Effect.succeed(false), (isInTransaction) => {
            // Inside a transaction nothing is settled before its commit, which the handler tells.
            if (isInTransaction) {
              return
            }
            for (const [at, answer] of answers.entries()) {
              const settlement = settlements[at]
              if (settlement !== undefined) {
                ledger.answered(settlement, answer === "Applied" ? "A" : "L")
              }
            }
          }))
      return Storage.of({ ...storage, settle })
    })
  )
