/**
 * All job kinds that come with Millrace, at once.
 *
 * `definitions` for producers that take a job by name (an HTTP API), `layer` for workers.
 *
 * @since 0.1.0
 */
import * as Layer from "effect/Layer"
import * as DataFolder from "./DataFolder.ts"
import * as DataHandler from "./DataHandler.ts"
import { DataProcessing } from "./DataProcessing.ts"
import * as EmailHandler from "./EmailHandler.ts"
import { EmailNotification } from "./EmailNotification.ts"
import * as Mailer from "./Mailer.ts"

/**
 * The definitions of `email-notification` and `data-processing`.
 *
 * @stability unstable
 * @category jobs
 * @since 0.1.0
 */
export const definitions = [EmailNotification, DataProcessing] as const

/**
 * The handlers of all built-in jobs, with mail and folders as the environment says
 * (`MILLRACE_SMTP_*`, `MILLRACE_DATA_DIR`, `MILLRACE_INPUT_DIR`).
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = Layer.mergeAll(EmailHandler.layer, DataHandler.layer).pipe(
  Layer.provide(Mailer.layerConfig),
  Layer.provide(DataFolder.layerConfig)
)
