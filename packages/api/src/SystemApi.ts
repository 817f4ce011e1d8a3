/**
 * The endpoints that say how the server is.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import * as Access from "./Access.ts"
import * as ApiError from "./ApiError.ts"

/**
 * Schema of the server's pool of database connections: `max` that there may be, `total` that are open, `idle` of them that
 * nobody uses, and how many requests are `waiting` for one.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Pool = Schema.Struct({
  max: Schema.Int,
  total: Schema.Int,
  idle: Schema.Int,
  waiting: Schema.Int
}).annotate({ identifier: "Pool" })

/**
 * Schema of the server's health.
 *
 * **Details**
 *
 * `status` is `ok` as long as the process answers. `storage` is what its last look at the database found, `detail`
 * why it is not available. `pool` is null where the storage has none. `uptimeSeconds` counts since the server started.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Health = Schema.Struct({
  status: Schema.Literal("ok"),
  storage: Schema.Struct({
    status: Schema.Literals(["available", "unavailable"]),
    detail: Schema.NullOr(Schema.String)
  }),
  pool: Schema.NullOr(Pool),
  uptimeSeconds: Schema.Int
}).annotate({ identifier: "Health" })

/**
 * Schema of readiness: the database answers.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Ready = Schema.Struct({ status: Schema.Literal("ready") }).annotate({ identifier: "Ready" })

const health = HttpApiEndpoint.get("health", "/health", { success: Health }).annotateMerge(Access.needs("public"))
  .annotateMerge(
    OpenApi.annotations({
      summary: "Is the process alive?",
      description: "Answers 200 within two seconds, with or without the database. For liveness probes."
    })
  )

const ready = HttpApiEndpoint.get("ready", "/ready", {
  success: Ready,
  error: [ApiError.Unavailable]
}).annotateMerge(Access.needs("public")).annotateMerge(
  OpenApi.annotations({
    summary: "Can the server do its work?",
    description: "Answers within two seconds: 200 when the database answers, else 503. For load balancers."
  })
)

const metrics = HttpApiEndpoint.get("metrics", "/metrics", {
  success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/plain" }))
}).annotateMerge(Access.needs("read")).annotateMerge(
  OpenApi.annotations({
    summary: "Read metrics, as Prometheus does",
    description:
      "Requests of this server, its database pool, jobs by queue and state, workers. Answers without the database, too."
  })
)

/**
 * The endpoints `/health`, `/ready` and `/metrics`.
 *
 * @stability unstable
 * @category contract
 * @since 0.1.0
 */
export const SystemApi = HttpApiGroup.make("system", { topLevel: true })
  .add(health, ready, metrics)
  .annotateMerge(OpenApi.annotations({ title: "System" }))
