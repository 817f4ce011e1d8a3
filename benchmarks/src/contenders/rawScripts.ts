/**
 * The statements whose limit is shown beside the project's own figures, one script a scenario.
 *
 * Each is the text that the storage driver really sends, so that the limit and
 * the contender run the same SQL. A scenario without a script has no limit row.
 */
import type { RawScript } from "../RawSql.ts"

/** All scripts. */
export const rawScripts: ReadonlyArray<RawScript> = []
