/**
 * `/openapi.json`, and `/docs`: a page that shows it.
 *
 * The page is one file without foreign parts. Its policy names the hash of each of its scripts, so that nothing else
 * runs on it; it may show inline styles and talk to this server only.
 *
 * @since 0.1.0
 */
import { Api } from "@millrace/api"
import * as Effect from "effect/Effect"
import * as HttpApiScalar from "effect/http-api/HttpApiScalar"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Crypto from "node:crypto"
import type { Extra } from "./RouteTable.ts"

/**
 * The path of the OpenAPI document.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const openapiPath = "/openapi.json"

const docsPath = "/docs"

/**
 * The routes of this module: they are not part of the contract.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const routes: ReadonlyArray<Extra> = [
  { method: "GET", path: openapiPath },
  { method: "GET", path: docsPath }
]

/**
 * The route `/docs`.
 *
 * @stability unstable
 * @category layers
 * @since 0.1.0
 */
export const layer = Layer.unwrap(Effect.sync(() => {
  const policies = new Map<string, string>()
  const withPolicy = HttpRouter.middleware((page) => Effect.map(page, (response) => addPolicy(policies, response)))
  return HttpApiScalar.layer(Api.Api, { path: docsPath, scalar: { withDefaultFonts: false } }).pipe(
    Layer.provide(withPolicy.layer)
  )
}))

/** The page is the same at every request, so its scripts are hashed once. */
const addPolicy = (
  policies: Map<string, string>,
  response: HttpServerResponse.HttpServerResponse
): HttpServerResponse.HttpServerResponse => {
  const page = response.body._tag === "Uint8Array" ? response.body.text ?? "" : ""
  const policy = policies.get(page) ?? policyOf(page)
  policies.set(page, policy)
  return HttpServerResponse.setHeader(response, "content-security-policy", policy)
}

/**
 * Writes the policy of a page: only the scripts that stand in it may run.
 *
 * @stability unstable
 * @category security
 * @since 0.1.0
 */
export const policyOf = (page: string): string => {
  const scripts = Array.from(
    page.matchAll(/<script>([\s\S]*?)<\/script>/g),
    ([, script = ""]) => `'sha256-${hash(script)}'`
  )
  return [
    "default-src 'none'",
    `script-src ${scripts.length === 0 ? "'none'" : scripts.join(" ")}`,
    "style-src 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join("; ")
}

const hash = (text: string): string => Crypto.createHash("sha256").update(text).digest("base64")
