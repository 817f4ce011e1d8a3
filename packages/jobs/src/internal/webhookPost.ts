/**
 * Posts to a URL over a connection whose address was looked at. Follows no redirect, sends no cookie, reads no answer's body.
 */
import * as Effect from "effect/Effect"
import * as NodeDns from "node:dns"
import * as NodeHttp from "node:http"
import * as NodeHttps from "node:https"
import type { LookupFunction } from "node:net"
import * as WebhookAddress from "../WebhookAddress.ts"

/** Why nothing was sent, or no answer came. `isRefused`: the address is private. */
export class PostFailed {
  readonly isRefused: boolean
  readonly detail: string
  constructor(isRefused: boolean, detail: string) {
    this.isRefused = isRefused
    this.detail = detail
  }
}

/** What is posted. */
export interface Post {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly mayBePrivate: boolean
}

const refusedCode = "EPRIVATE"

/** As Node's own errors are told apart: by a code. */
const refusal = (host: string, address: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${host} is ${address}, which is not an address of the public internet`), {
    code: refusedCode
  })

/** Every address of the name must be public: which of them is taken is not ours to choose. */
const publicLookup: LookupFunction = (hostname, options, done) =>
  NodeDns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return done(error, [])
    const wrong = addresses.find(({ address }) => !WebhookAddress.isPublic(address))
    if (wrong !== undefined) return done(refusal(hostname, wrong.address), [])
    const [first] = addresses
    return options.all === true || first === undefined ? done(null, addresses) : done(null, first.address, first.family)
  })

/** Sends a post; answers the status. */
export const send = ({ body, headers, mayBePrivate, url }: Post): Effect.Effect<number, PostFailed> => {
  const literal = WebhookAddress.literalOf(url)
  if (!mayBePrivate && literal !== null && !WebhookAddress.isPublic(literal)) {
    return Effect.fail(new PostFailed(true, refusal(url.hostname, literal).message))
  }
  return Effect.callback<number, PostFailed>((resume, signal) => {
    const request = (url.protocol === "https:" ? NodeHttps : NodeHttp).request(url, {
      method: "POST",
      headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
      agent: false,
      signal,
      ...(mayBePrivate ? {} : { lookup: publicLookup })
    }, (response) => {
      response.on("error", () => {})
      resume(Effect.succeed(response.statusCode ?? 0))
      response.destroy()
    })
    request.on(
      "error",
      (error: NodeJS.ErrnoException) => resume(Effect.fail(new PostFailed(error.code === refusedCode, error.message)))
    )
    request.end(body)
  })
}
