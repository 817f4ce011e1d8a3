/**
 * Writes a line of the audit for every change that is made through the API.
 *
 * Where the storage has transactions, a change and its line commit together or not at all. What the line is about is
 * read from the path and from the answer, so that no endpoint can forget to say it.
 *
 * @since 0.1.0
 */
import { Idempotency } from "@millrace/api"
import type { ApiError } from "@millrace/api"
import { StorageError } from "@millrace/storage"
import type { AuditEntry, ServiceStorage, Storage } from "@millrace/storage"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { Principal } from "./Principal.ts"
import * as StorageFailure from "./StorageFailure.ts"

/**
 * What is known of a change before it is made.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Change {
  readonly principal: Principal
  readonly action: string
  readonly address: string | null
}

/**
 * The change of a request that is recorded where it is made: with the jobs that it creates. `isRecorded` says that its
 * line was written with them.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface PendingChange {
  readonly change: Change
  isRecorded: boolean
}

/**
 * The change of the request under way, for whoever records it where it is made. Defaults to null: it is recorded around
 * the endpoint.
 *
 * @stability unstable
 * @category services
 * @since 0.1.0
 */
export const CurrentChange = Context.Reference<PendingChange | null>("@millrace/server/Audit/CurrentChange", {
  defaultValue: () => null
})

/**
 * Makes what runs a changing endpoint and writes its line, unless the endpoint refused.
 *
 * @stability unstable
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  storage: Storage.Storage["Service"],
  audit: ServiceStorage.ServiceStorage["Service"]["audit"]
) =>
<E, R>(
  recorded: "together" | "afterwards" | "within",
  endpoint: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>,
  change: Change
): Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  E | ApiError.Unavailable,
  R | HttpRouter.RouteContext
> => {
  const { transaction } = storage.capabilities
  const both = Effect.flatMap(
    endpoint,
    (response): Effect.Effect<
      HttpServerResponse.HttpServerResponse,
      Refused | StorageError.StorageError,
      HttpRouter.RouteContext
    > =>
      changesNothing(response)
        ? Effect.fail(new Refused(response))
        : Effect.as(write(audit, change, response), response)
  )
  const ran = recorded === "afterwards" || transaction === null
    ? both
    : recorded === "together"
    ? transaction(both)
    : within(audit, endpoint, change)
  return Effect.catch(ran, (error): Effect.Effect<HttpServerResponse.HttpServerResponse, E | ApiError.Unavailable> => {
    if (error instanceof Refused) return Effect.succeed(error.response)
    return error instanceof StorageError.StorageError ? StorageFailure.unavailable(error) : Effect.fail(error)
  })
}

/** The endpoint's own storage writes the line; what changed something without it has its line afterwards. */
const within = <E, R>(
  audit: ServiceStorage.ServiceStorage["Service"]["audit"],
  endpoint: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>,
  change: Change
): Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  E | StorageError.StorageError,
  R | HttpRouter.RouteContext
> =>
  Effect.suspend(() => {
    const pending: PendingChange = { change, isRecorded: false }
    return Effect.provideService(endpoint, CurrentChange, pending).pipe(
      Effect.tap((response) =>
        pending.isRecorded || changesNothing(response) ? Effect.void : write(audit, change, response)
      )
    )
  })

/** A refusal, or the answer to a request before, which has its line. */
const changesNothing = ({ headers, status }: HttpServerResponse.HttpServerResponse): boolean =>
  status >= 400 || headers[Idempotency.replayed] !== undefined

/** Carries an answer that changed nothing out of the transaction, which it rolls back. */
class Refused {
  readonly response: HttpServerResponse.HttpServerResponse
  constructor(response: HttpServerResponse.HttpServerResponse) {
    this.response = response
  }
}

const write = (
  audit: ServiceStorage.ServiceStorage["Service"]["audit"],
  change: Change,
  response: HttpServerResponse.HttpServerResponse
): Effect.Effect<void, StorageError.StorageError, HttpRouter.RouteContext> =>
  Effect.flatMap(HttpRouter.RouteContext, ({ params }) => {
    const targets = targetsOf(params, textOf(response))
    return audit.append([lineOf(change, targets, response.status)])
  })

/**
 * The line of a change, about these ids and names, that was answered with this status.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const lineOf = (
  { action, address, principal }: Change,
  targets: ReadonlyArray<string>,
  status: number
): AuditEntry.NewAuditEntry => ({ actor: principal.actor, action, address, targets, detail: { status } })

const textOf = ({ body }: HttpServerResponse.HttpServerResponse): string =>
  body._tag === "Uint8Array" ? body.text ?? new TextDecoder().decode(body.body) : ""

/**
 * Lists what a change was about: the parameters of its path, and the ids in its answer.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const targetsOf = (
  params: { readonly [name: string]: string | undefined },
  answer: string
): ReadonlyArray<string> => {
  const fromPath = Object.values(params).filter((value) => value !== undefined)
  return [...new Set([...fromPath, ...idsOf(parse(answer))])]
}

/** The id of an answer, and those of the lists in it; not those further in, which belong to something else. */
const idsOf = (answer: unknown): ReadonlyArray<string> => {
  if (!isObject(answer)) return []
  const lists = Object.values(answer).filter(Array.isArray).flat().filter(isObject)
  return [answer, ...lists].flatMap(({ id, name }) => {
    const key = id ?? name
    return typeof key === "string" ? [key] : []
  })
}

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
