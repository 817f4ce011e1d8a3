/**
 * The endpoint that runs due jobs inside the server, for hosts that only run when they are called.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import * as Access from "./Access.ts"
import * as AccessError from "./AccessError.ts"
import * as ApiError from "./ApiError.ts"
import { BodyRules, MaxMillis } from "./RequestRules.ts"

/**
 * The longest drain: ten minutes, as long as common platforms let a request run. In milliseconds.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const longestMillis = 600_000

/**
 * Schema of how far to go: for at most `maxRuntimeMs` milliseconds (defaults to 10,000) and `maxJobs` attempts
 * (defaults to 1,000).
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const DrainRequest = Schema.Struct({
  maxRuntimeMs: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: longestMillis }))),
  maxJobs: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 })))
}).annotate({ identifier: "DrainRequest" })

/**
 * Schema of what was done, and why it ended.
 *
 * **Details**
 *
 * - `completed`, `failed` (tried again later), `dead`, `other` (snoozed, cancelled, given back): attempts
 * - `ended`: nothing was due any more (`idle`), `jobs` or `time` were used up: call again, or another drain is under way
 *   (`busy`)
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Drained = Schema.Struct({
  completed: Schema.Int,
  failed: Schema.Int,
  dead: Schema.Int,
  other: Schema.Int,
  ended: Schema.Literals(["idle", "jobs", "time", "busy"]),
  runtimeMs: Schema.Int
}).annotate({ identifier: "Drained" })

const drain = HttpApiEndpoint.post("drain", "/drain", {
  payload: DrainRequest,
  success: Drained,
  error: [AccessError.Unauthorized, ApiError.Forbidden, ApiError.Unavailable]
}).middleware(BodyRules).annotateMerge(Access.needs("public")).annotate(MaxMillis, longestMillis + 30_000)
  .annotateMerge(
    OpenApi.annotations({
      summary: "Run due jobs now, inside the server",
      description: "For hosts that only run when they are called. Needs the server's drain secret, as authorization: " +
        "Bearer or as x-drain-secret; no API key. Answers at once when nothing is due."
    })
  )

/**
 * The endpoint `/api/v1/drain`.
 *
 * @stability unstable
 * @category contract
 * @since 0.1.0
 */
export const DrainApi = HttpApiGroup.make("drain")
  .add(drain)
  .prefix("/api/v1")
  .annotateMerge(OpenApi.annotations({ title: "Drain" }))
