/**
 * Which clock decides leases, delays and due times.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * `"database"` (the default) is the clock of the database server, one for all workers.
 * `"effect"` is the clock of the running Effect program: for tests under `TestClock` only.
 *
 * **Gotchas**
 *
 * Drivers read it once, when their layer is built. `MemoryStorage` always uses the Effect clock.
 *
 * @stability unstable
 * @category references
 * @since 0.1.0
 */
export const StorageClock = Context.Reference<"database" | "effect">("@millrace/storage/StorageClock", {
  defaultValue: () => "database"
})
