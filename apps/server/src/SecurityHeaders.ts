/**
 * The headers that keep browsers from doing anything with an answer but show it.
 *
 * @since 0.1.0
 */
import * as HttpServerResponse from "effect/http/HttpServerResponse"

/**
 * The policy of every answer that is no page: it may load and run nothing, and be shown in no frame.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const apiPolicy = "default-src 'none'; frame-ancestors 'none'"

const headers = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "x-frame-options": "DENY"
}

/**
 * Adds the headers; what an answer states itself (`content-security-policy`, `cache-control`) stays.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const apply = (response: HttpServerResponse.HttpServerResponse): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.setHeaders(response, {
    "content-security-policy": apiPolicy,
    "cache-control": "no-store",
    ...response.headers,
    ...headers
  })
