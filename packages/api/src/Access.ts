/**
 * Who may call an endpoint, as annotations of the contract. The server has one middleware that holds all of them to it.
 *
 * Denied by default: an endpoint without annotations needs the scope `admin` and a key without restrictions.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as HttpApi from "effect/http-api/HttpApi"
import type * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Unauthorized } from "./AccessError.ts"
import * as ApiError from "./ApiError.ts"

/**
 * Schema of a scope: what a key may do.
 *
 * **Details**
 *
 * - `enqueue`: create jobs
 * - `read`: see everything but keys and the audit
 * - `operate`: read, and change jobs, queues, schedules and limits
 * - `admin`: everything
 *
 * @stability unstable
 * @category schemas
 * @since 0.1.0
 */
export const Scope = Schema.Literals(["enqueue", "read", "operate", "admin"])

/**
 * A scope.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export type Scope = typeof Scope.Type

/**
 * The scopes that each scope includes, itself among them.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const included: { readonly [S in Scope]: ReadonlyArray<Scope> } = {
  enqueue: ["enqueue"],
  read: ["read"],
  operate: ["operate", "read"],
  admin: ["admin", "operate", "read", "enqueue"]
}

/**
 * The scope that an endpoint needs, as annotation of the endpoint; `public` needs no key. Defaults to `admin`.
 *
 * @stability unstable
 * @category annotations
 * @since 0.1.0
 */
export const NeededScope = Context.Reference<Scope | "public">("@millrace/api/Access/NeededScope", {
  defaultValue: () => "admin"
})

/**
 * Which restricted keys an endpoint takes, as annotation of the endpoint.
 *
 * **Details**
 *
 * - `everything`: it shows or changes more than one queue or tenant has, so it takes unrestricted keys only. The default.
 * - `queues`: it keeps to the queues of a key, but not to its tenant: keys with a tenant are refused
 * - `jobs`: it keeps to the queues and to the tenant of a key
 *
 * @stability unstable
 * @category annotations
 * @since 0.1.0
 */
export const Reach = Context.Reference<"everything" | "queues" | "jobs">("@millrace/api/Access/Reach", {
  defaultValue: () => "everything"
})

/**
 * How the audit of a changing endpoint is written, as annotation of the endpoint.
 *
 * **Details**
 *
 * `together`: the change and its line commit together or not at all. The default of every method but GET.
 * `within`: the same, by whoever stores what the endpoint creates, who may take others along in one transaction.
 * `afterwards`: after the change, for endpoints whose work can not be one transaction.
 *
 * @stability unstable
 * @category annotations
 * @since 0.1.0
 */
export const Recorded = Context.Reference<"together" | "within" | "afterwards">("@millrace/api/Access/Recorded", {
  defaultValue: () => "together"
})

/**
 * Annotations of an endpoint in one word: the scope that it needs and its reach.
 *
 * @stability unstable
 * @category annotations
 * @since 0.1.0
 */
export const needs = (
  scope: Scope | "public",
  reach: "everything" | "queues" | "jobs" = "everything"
): Context.Context<never> => Context.empty().pipe(Context.add(NeededScope, scope), Context.add(Reach, reach))

/**
 * Holds for every endpoint: the request carries an API key that may call it, sends no more than it may, and what it
 * changes is written to the audit.
 *
 * @stability unstable
 * @category middleware
 * @since 0.1.0
 */
export class Authorization extends HttpApiMiddleware.Service<Authorization>()("@millrace/api/Access/Authorization", {
  security: {
    apiKey: HttpApiSecurity.bearer.pipe(
      HttpApiSecurity.annotate(
        OpenApi.Description,
        "An API key: mr_<id>.<secret>. A server on the loopback interface that has no keys needs none."
      )
    )
  },
  error: [Unauthorized, ApiError.Forbidden, ApiError.TooManyRequests, ApiError.Unavailable]
}) {}

/**
 * Writes into an OpenAPI document which scope each operation needs: the requirement of its security, which public
 * operations have not.
 *
 * @stability unstable
 * @category contract
 * @since 0.1.0
 */
export const document =
  <Id extends string, Groups extends HttpApiGroup.Constraint>(api: HttpApi.HttpApi<Id, Groups>) =>
  (spec: Record<string, unknown>): Record<string, unknown> => {
    const paths = structuredClone(spec["paths"]) as Record<string, Record<string, Record<string, unknown>>>
    HttpApi.reflect(api, {
      onGroup: () => {},
      onEndpoint: ({ endpoint, mergedAnnotations }) => {
        const path = endpoint.path.replaceAll(/:([A-Za-z]+)/g, "{$1}")
        const operation = paths[path]?.[endpoint.method.toLowerCase()]
        const scope = Context.get(mergedAnnotations, NeededScope)
        if (operation !== undefined) operation["security"] = scope === "public" ? [] : [{ apiKey: [scope] }]
      }
    })
    return { ...spec, paths }
  }
