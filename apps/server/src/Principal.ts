/**
 * Who sends a request, and what he may do: derived from the API key alone, never from the request's content.
 *
 * @since 0.1.0
 */
import { Access } from "@millrace/api"
import type { ApiKeyRecord } from "@millrace/storage"
import * as Context from "effect/Context"

/**
 * A caller.
 *
 * **Details**
 *
 * - `actor`: the id of the key, `local` where none is needed
 * - `scopes`: all that he has, included ones too
 * - `queues`: patterns in which `*` stands for any characters; null: every queue
 * - `tenant`: the only one whose jobs he sees and creates; null: every tenant
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Principal {
  readonly actor: string
  readonly scopes: ReadonlySet<Access.Scope>
  readonly queues: ReadonlyArray<string> | null
  readonly tenant: string | null
}

/**
 * Nobody: may do nothing and sees nothing.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const nobody: Principal = { actor: "nobody", scopes: new Set(), queues: [], tenant: "" }

const everything: ReadonlySet<Access.Scope> = new Set(Access.included.admin)

/**
 * Whoever reaches a server that needs no key: one on the loopback interface, before its first key was made.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const local: Principal = { actor: "local", scopes: everything, queues: null, tenant: null }

/**
 * The holder of the key that the server was started with.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const admin = (actor: string): Principal => ({ actor, scopes: everything, queues: null, tenant: null })

/**
 * The holder of a stored key.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const fromKey = ({ id, queues, scopes, tenant }: ApiKeyRecord.ApiKeyRecord): Principal => ({
  actor: id,
  scopes: new Set(scopes.flatMap((scope) => Access.included[scope])),
  queues,
  tenant
})

/**
 * The caller of the request under way. Defaults to nobody, so that what is reached without the authorization sees
 * nothing.
 *
 * @stability unstable
 * @category references
 * @since 0.1.0
 */
export const CurrentPrincipal = Context.Reference<Principal>("@millrace/server/Principal/CurrentPrincipal", {
  defaultValue: () => nobody
})

/**
 * Tells whether a caller may touch a queue.
 *
 * @stability unstable
 * @category guards
 * @since 0.1.0
 */
export const seesQueue = ({ queues }: Principal, queue: string): boolean =>
  queues === null || queues.some((pattern) => matches(pattern, queue))

/**
 * Tells whether a caller may touch a job of this queue and tenant.
 *
 * @stability unstable
 * @category guards
 * @since 0.1.0
 */
export const seesJob = (
  principal: Principal,
  job: { readonly queue: string; readonly tenant: string }
): boolean => (principal.tenant === null || principal.tenant === job.tenant) && seesQueue(principal, job.queue)

/** Walks along the parts between the stars, each at its first place: no expression, nothing to blow up. */
const matches = (pattern: string, text: string): boolean => {
  const [head = "", ...rest] = pattern.split("*")
  if (rest.length === 0) return pattern === text
  if (!text.startsWith(head)) return false
  const tail = rest.pop() ?? ""
  let at = head.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return text.length - at >= tail.length && text.endsWith(tail)
}

/**
 * Why a caller may not call an endpoint, null when he may.
 *
 * @stability unstable
 * @category validation
 * @since 0.1.0
 */
export const refuse = (
  principal: Principal,
  endpoint: { readonly scope: Access.Scope | "public"; readonly reach: "everything" | "queues" | "jobs" }
): string | null => {
  if (endpoint.scope === "public") return null
  if (!principal.scopes.has(endpoint.scope)) return `This needs the scope ${endpoint.scope}, which the key has not`
  if (endpoint.reach === "jobs") return null
  if (principal.tenant !== null) {
    return `The key is for the tenant ${principal.tenant}; this shows or changes others too`
  }
  return principal.queues === null || endpoint.reach === "queues"
    ? null
    : "The key is for some queues; this shows or changes others too"
}
