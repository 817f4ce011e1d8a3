/**
 * The endpoints of API keys: create, list, rotate, revoke. A secret is answered once, and stored nowhere.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import * as Access from "./Access.ts"
import { KeyNotFound } from "./AccessError.ts"
import * as ApiError from "./ApiError.ts"
import * as DurationText from "./DurationText.ts"
import * as JobNaming from "./JobNaming.ts"
import * as ListPage from "./ListPage.ts"
import { BodyRules } from "./RequestRules.ts"

/** The most patterns of a key: more would be a list of queues. */
const patternsMax = 100

/** The longest life of a key: ten years. Longer is never, and that has a value of its own. */
const Life = DurationText.between({
  minimum: Duration.minutes(1),
  maximum: Duration.days(3650),
  message: "Expected 1 minute to 3650 days",
  description: "How long the key is good. Defaults to ever"
})

/** The longest overlap: 30 days. Whoever needs longer has a second key. */
const Overlap = DurationText.between({
  minimum: Duration.zero,
  maximum: Duration.days(30),
  message: "Expected 0 seconds to 30 days",
  description: "How long the secret before stays good. Defaults to 1 hour"
})

const Patterns = Schema.Array(JobNaming.name("A queue, or a pattern in which * stands for any characters")).check(
  Schema.isBetweenLength(1, patternsMax, { message: `Expected 1 to ${patternsMax} patterns` })
)

/**
 * Schema of a key to create.
 *
 * **Details**
 *
 * `queues`: patterns in which `*` stands for any characters; absent: every queue. `tenant`: the only one whose jobs it
 * sees and creates; absent: every tenant. `expiresIn` defaults to never.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const CreateKey = Schema.Struct({
  name: JobNaming.name("What the key is for"),
  scopes: Schema.Array(Access.Scope).check(Schema.isBetweenLength(1, 4, { message: "Expected 1 to 4 scopes" })),
  queues: Schema.optionalKey(Patterns),
  tenant: Schema.optionalKey(JobNaming.name("The only tenant whose jobs it sees and creates")),
  expiresIn: Schema.optionalKey(Life)
}).annotate({ identifier: "CreateKey" })

/**
 * A key to create.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type CreateKey = typeof CreateKey.Type

/**
 * Schema of a key's next secret: `overlap` is how long the one before stays good.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const RotateKey = Schema.Struct({ overlap: Schema.optionalKey(Overlap) }).annotate({ identifier: "RotateKey" })

const Instant = Schema.DateTimeUtcFromString

const fields = {
  id: Schema.String,
  name: Schema.String,
  scopes: Schema.Array(Access.Scope),
  queues: Schema.NullOr(Schema.Array(Schema.String)),
  tenant: Schema.NullOr(Schema.String),
  createdAt: Instant,
  expiresAt: Schema.NullOr(Instant),
  revokedAt: Schema.NullOr(Instant),
  lastUsedAt: Schema.NullOr(Instant),
  overlapUntil: Schema.NullOr(Instant)
}

/**
 * Schema of a key. `overlapUntil`: until when the secret before the last rotation stays good; null: it is not.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const KeyView = Schema.Struct(fields).annotate({ identifier: "ApiKey" })

/**
 * A key.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type KeyView = typeof KeyView.Type

/**
 * Schema of a key with its secret: `key` is what callers send, and is not shown again.
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const KeyWithSecret = Schema.Struct({ key: Schema.String, ...fields }).annotate({
  identifier: "ApiKeyWithSecret"
})

const params = {
  id: Schema.String.check(Schema.isPattern(/^[0-9a-z]{1,32}$/, { message: "Expected the id of a key" }))
}

const create = HttpApiEndpoint.post("create", "/keys", {
  payload: CreateKey,
  success: KeyWithSecret.pipe(HttpApiSchema.status(201)),
  error: [ApiError.Unavailable]
}).middleware(BodyRules).annotateMerge(Access.needs("admin")).annotateMerge(OpenApi.annotations({
  summary: "Create an API key",
  description: "Its secret is in this answer and nowhere else. From the first key on every request needs one."
}))

const list = HttpApiEndpoint.get("list", "/keys", {
  success: ListPage.of(KeyView),
  error: [ApiError.Unavailable]
}).annotateMerge(Access.needs("admin")).annotateMerge(OpenApi.annotations({
  summary: "List the API keys",
  description: "Newest first, revoked and expired ones too."
}))

const rotate = HttpApiEndpoint.post("rotate", "/keys/:id/rotate", {
  params,
  payload: RotateKey,
  success: KeyWithSecret,
  error: [KeyNotFound, ApiError.Unavailable]
}).middleware(BodyRules).annotateMerge(Access.needs("admin")).annotateMerge(OpenApi.annotations({
  summary: "Give a key a new secret",
  description: "The secret before stays good for the overlap."
}))

const revoke = HttpApiEndpoint.delete("revoke", "/keys/:id", {
  params,
  error: [KeyNotFound, ApiError.Unavailable]
}).annotateMerge(Access.needs("admin")).annotateMerge(OpenApi.annotations({
  summary: "Revoke a key",
  description: "For ever: here at once, on other servers within five seconds."
}))

/**
 * The endpoints of API keys, under `/api/v1`.
 *
 * @stability unstable
 * @category contract
 * @since 0.1.0
 */
export const KeysApi = HttpApiGroup.make("keys")
  .add(create, list, rotate, revoke)
  .prefix("/api/v1")
  .annotateMerge(OpenApi.annotations({ title: "API keys" }))
