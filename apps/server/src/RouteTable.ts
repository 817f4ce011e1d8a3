/**
 * All routes of the server by method and path: which methods a path has, and the pattern that a request matched.
 *
 * @since 0.1.0
 */
import { Api, ApiError } from "@millrace/api"
import * as HttpApi from "effect/http-api/HttpApi"
import * as FindMyWay from "effect/http/FindMyWay"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as ErrorEnvelope from "./ErrorEnvelope.ts"

/**
 * A route that is not part of the contract.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Extra {
  readonly method: "GET"
  readonly path: `/${string}`
}

/**
 * The table of routes.
 *
 * **Details**
 *
 * - `pattern`: the path of the route that a request matches, such as `/api/v1/jobs/:id`; null when none does
 * - `methods`: the methods that a URL has, `HEAD` and `OPTIONS` included; `[]` for an unknown path
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface RouteTable {
  readonly pattern: (method: string, url: string) => string | null
  readonly methods: (url: string) => ReadonlyArray<string>
}

/**
 * How long a part of a path may be. The router's own 100 characters would hide queues with long names; a name of 255
 * characters has up to four bytes each, which are written as three.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const parameterLimit = 255 * 4 * 3

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const

/**
 * Makes the table of the contract's routes and further ones.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = (extras: ReadonlyArray<Extra>): RouteTable => {
  const router = FindMyWay.make<string>({ maxParamLength: parameterLimit })
  HttpApi.reflect(Api.Api, {
    onGroup: () => {},
    onEndpoint: ({ endpoint }) => router.on(endpoint.method, endpoint.path as `/${string}`, endpoint.path)
  })
  for (const { method, path } of extras) router.on(method, path, path)
  return {
    pattern: (method, url) => router.find(method === "HEAD" ? "GET" : method, url)?.handler ?? null,
    methods: (url) => {
      const found: ReadonlyArray<string> = methods.filter((method) => router.find(method, url) !== undefined)
      if (found.length === 0) return []
      return found.includes("GET") ? [...found, "HEAD", "OPTIONS"] : [...found, "OPTIONS"]
    }
  }
}

/**
 * Answers a request that no route matched: 204 with `Allow` for `OPTIONS`, 405 for a wrong method, else 404.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const answerUnmatched = (
  table: RouteTable,
  request: { readonly method: string; readonly url: string }
): HttpServerResponse.HttpServerResponse => {
  const allowed = table.methods(request.url)
  const path = pathOf(request.url)
  if (allowed.length === 0) return ErrorEnvelope.toResponse(routeNotFound(path))
  const allow = allowed.join(", ")
  const response = request.method === "OPTIONS"
    ? HttpServerResponse.empty({ status: 204 })
    : ErrorEnvelope.toResponse(methodNotAllowed(request.method, path, allow))
  return HttpServerResponse.setHeader(response, "allow", allow)
}

const pathOf = (url: string): string => (/^[^?#]*/.exec(url)?.[0] ?? "").slice(0, 200)

const routeNotFound = (path: string) =>
  new ApiError.RouteNotFound({
    error: { message: `There is no ${path}`, hint: "GET /openapi.json and /docs describe the API" }
  })

const methodNotAllowed = (method: string, path: string, allow: string) =>
  new ApiError.MethodNotAllowed({
    error: { message: `${path} has no method ${method}`, hint: `It has ${allow}` }
  })
