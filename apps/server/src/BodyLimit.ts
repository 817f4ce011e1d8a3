/**
 * Reads the body of a request before its endpoint does: as JSON, in UTF-8, up to the endpoint's limit, and nested no
 * deeper than a schema can walk.
 *
 * The limit counts the bytes that arrive, whatever `Content-Length` says or does not say.
 *
 * @since 0.1.0
 */
import { ApiError, JsonGuard, RequestRules } from "@millrace/api"
import * as ByteSize from "effect/ByteSize"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import type * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as ErrorEnvelope from "./ErrorEnvelope.ts"
import * as FieldIssue from "./FieldIssue.ts"

/** The payload of a batch lies in three more containers: the body, its list of jobs, the job. */
const bodyDepth = JsonGuard.depthLimit + 3

type Refusal =
  | ApiError.UnsupportedMediaType
  | ApiError.BodyTooLarge
  | ApiError.RequestTimeout
  | ApiError.MalformedJson
  | ApiError.InvalidRequest

/**
 * The rules for bodies: every endpoint that takes one has them by the contract.
 *
 * **Details**
 *
 * A body that has not arrived after `timeout` is given up. The adapter keeps the bytes, so the endpoint reads the same
 * body again without another copy.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = (timeout: Duration.Duration): Layer.Layer<RequestRules.BodyRules> =>
  Layer.succeed(RequestRules.BodyRules, (endpoint, options) =>
    Effect.gen(function*() {
      const request = yield* HttpServerRequest.HttpServerRequest
      yield* check(request, Context.get(options.endpoint.annotations, RequestRules.MaxBodyBytes), timeout)
      return yield* endpoint
    }))

const check = Effect.fnUntraced(function*(
  request: HttpServerRequest.HttpServerRequest,
  limit: number,
  timeout: Duration.Duration
): Effect.fn.Return<void, Refusal> {
  const { "content-encoding": encoding, "content-length": length, "content-type": type } = request.headers
  const mediaType = refuseMediaType(type, encoding)
  if (mediaType !== null) return yield* mediaType
  if (Number(length) > limit) return yield* tooLarge(limit)
  const bytes = yield* request.arrayBuffer.pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(limit)),
    Effect.mapError((error) => isTooLarge(error) ? tooLarge(limit) : malformed("The body ended too early")),
    Effect.timeoutOrElse({ duration: timeout, orElse: () => tooSlow(timeout) })
  )
  const refusal = refuseBytes(bytes)
  if (refusal !== null) return yield* refusal
})

const isTooLarge = (error: HttpServerError.HttpServerError): boolean =>
  error.reason._tag === "RequestParseError" && error.reason.reason === "BodyTooLarge"

/**
 * Returns why a body with these headers is refused, or null.
 *
 * @stability unstable
 * @category validation
 * @since 0.1.0
 */
export const refuseMediaType = (
  type: string | undefined,
  encoding: string | undefined
): ApiError.UnsupportedMediaType | null => {
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    return unsupported(`The body is sent as ${encoding.slice(0, 50)}`)
  }
  if (type === undefined) return unsupported("The request has no content-type")
  const [mediaType, ...parameters] = type.toLowerCase().split(";").map((part) => part.trim())
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice(8).replaceAll("\"", "")
  if (mediaType === "application/json" && (charset === undefined || charset === "utf-8")) return null
  return unsupported(`The body is sent as ${type.slice(0, 100)}`)
}

/**
 * Returns why the bytes of a body are refused, or null.
 *
 * @stability unstable
 * @category validation
 * @since 0.1.0
 */
export const refuseBytes = (bytes: ArrayBuffer): ApiError.MalformedJson | ApiError.InvalidRequest | null => {
  const text = decode(bytes)
  if (text === null) return malformed("The body is not UTF-8")
  if (text === "") return malformed("The body is empty")
  const parsed = parse(text)
  if (Result.isFailure(parsed)) return malformed(parsed.failure)
  const flaw = JsonGuard.find(parsed.success, bodyDepth)
  return flaw === null
    ? null
    : ErrorEnvelope.invalid({ field: FieldIssue.toField(flaw.path), message: flaw.detail, hint: null })
}

const decode = (bytes: ArrayBuffer): string | null => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

const parse = (text: string): Result.Result<Schema.Json, string> =>
  Result.try({
    try: () => JSON.parse(text) as Schema.Json,
    catch: (error) => `The body is no JSON: ${error instanceof Error ? error.message.slice(0, 200) : ""}`
  })

const malformed = (message: string) =>
  new ApiError.MalformedJson({ error: { message, hint: "Send one JSON object in UTF-8" } })

const unsupported = (message: string) =>
  new ApiError.UnsupportedMediaType({
    error: { message, field: "content-type", hint: "Send content-type: application/json, in UTF-8, uncompressed" }
  })

const tooLarge = (limit: number) =>
  new ApiError.BodyTooLarge({
    error: {
      message: `The body is larger than ${limit / 1024 / 1024} MiB`,
      hint: "Put large data into a file store and its name into the payload, or send smaller batches"
    }
  })

const tooSlow = (timeout: Duration.Duration) =>
  new ApiError.RequestTimeout({
    error: { message: `The body did not arrive within ${Duration.format(timeout)}`, hint: "Send it faster" }
  })
