/**
 * Keeps other web sites out: a request must name this server, and a change must not come from a foreign page.
 *
 * Browsers send requests to 127.0.0.1 for any page that asks them to. Reading the answers is prevented by the missing
 * CORS headers; these two checks prevent the rest: changes by forms and scripts of foreign pages, and pages whose own
 * name resolves to this machine (DNS rebinding).
 *
 * @since 0.1.0
 */
import { ApiError } from "@millrace/api"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HostName from "./HostName.ts"

const readMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"])

/**
 * Returns why a request is refused, or null.
 *
 * **Details**
 *
 * - `Host` must be a loopback name, or one of `allowedHosts`
 * - a request that may change something must not carry `Sec-Fetch-Site` other than `same-origin` or `none`, nor an
 *   `Origin` of another host or port
 *
 * @stability unstable
 * @category validation
 * @since 0.1.0
 */
export const refuse = (
  request: Pick<HttpServerRequest.HttpServerRequest, "method" | "headers">,
  allowedHosts: ReadonlyArray<string>
): ApiError.Forbidden | null => {
  const header = request.headers["host"] ?? ""
  const host = HostName.ofHeader(header)
  if (host === null || !(HostName.isLoopback(host) || allowedHosts.includes(host))) return foreignHost(header)
  if (readMethods.has(request.method)) return null
  const site = request.headers["sec-fetch-site"]
  if (site !== undefined && site !== "same-origin" && site !== "none") return foreignSite()
  const origin = request.headers["origin"]
  return origin === undefined || isOriginOf(origin, header) ? null : foreignSite()
}

const isOriginOf = (origin: string, host: string): boolean =>
  origin.toLowerCase() === `http://${host}`.toLowerCase() || origin.toLowerCase() === `https://${host}`.toLowerCase()

const foreignHost = (host: string) =>
  new ApiError.Forbidden({
    error: {
      message: host === "" ? "The request names no host" : `The request names the host ${host.slice(0, 255)}`,
      field: "host",
      hint: "Use localhost, 127.0.0.1 or [::1], or list the name in MILLRACE_ALLOWED_HOSTS"
    }
  })

const foreignSite = () =>
  new ApiError.Forbidden({
    error: {
      message: "The request comes from a page of another site",
      field: "origin",
      hint: "Send changes from a program, or from a page of this server"
    }
  })
