/**
 * Runs `data-processing` jobs.
 *
 * @since 0.1.0
 */
import { DataProcessing } from "./DataProcessing.ts"
import * as DataRun from "./internal/dataRun.ts"

/**
 * The handler of `data-processing`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = DataProcessing.toLayer(DataRun.run)
