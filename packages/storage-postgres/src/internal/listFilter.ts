/** What a query asks of each place where jobs are: conditions as SQL, and whether an index answers them all. */
import type { JobQuery } from "@millrace/storage/JobQuery"
import type { JobState } from "@millrace/storage/JobState"
import { states as allStates } from "@millrace/storage/JobState"
import * as DateTime from "effect/DateTime"
import type { Part, Place } from "../statements/list.ts"
import * as Rows from "./rows.ts"
import { dateOf } from "./session.ts"

/** The parameters of a statement under way. */
export interface Binder {
  readonly values: Array<unknown>
  readonly bind: (value: unknown, type: string) => string
}

/** Starts the parameters of a statement. */
export const binder = (): Binder => {
  const values: Array<unknown> = []
  return { values, bind: (value, type) => `$${values.push(value)}::${type}` }
}

/** The ids to read between: from `floor` on and below `before`; null is open. */
export interface Range {
  readonly floor: bigint | null
  readonly before: bigint | null
}

/** The places that can hold a job of these states, none when a filter without values matches nothing. */
export const placesOf = (query: JobQuery): ReadonlyArray<Place> => {
  const states = query.states ?? allStates
  const lists = [query.ids, query.names, query.queues, query.tenants, query.tags]
  if (lists.some((list) => list?.length === 0)) return []
  return places.filter((place) => placeStates[place].some((state) => states.includes(state)))
}

const places = ["pending", "ready", "suspect", "scheduled", "lease", "finished", "dead"] as const

const placeStates: { readonly [P in Place]: ReadonlyArray<JobState> } = {
  pending: ["pending"],
  ready: ["available"],
  suspect: ["available"],
  scheduled: ["scheduled", "retryable"],
  lease: ["running"],
  finished: ["completed", "cancelled"],
  dead: ["dead", "quarantined"]
}

/** The instants of creation that a query asks for. */
export const createdAfter = (query: JobQuery): Date | undefined => instant(query.createdAfter)

/** See `createdAfter`. */
export const createdBefore = (query: JobQuery): Date | undefined => instant(query.createdBefore)

const instant = (at: DateTime.Utc | undefined): Date | undefined =>
  at === undefined ? undefined : dateOf(DateTime.toEpochMillis(at))

/** The range that the query's own cursor asks for. */
export const rangeOf = ({ before }: JobQuery): Range => ({
  floor: null,
  before: before === undefined || !Rows.isId(before) ? null : BigInt(before)
})

/** The place with every condition of the query. */
export const partOf = (query: JobQuery, place: Place, range: Range, binder: Binder): Part => {
  const others = [...idConditions(query, place, binder), ...residual(query, place, binder)]
  const part = indexedPartOf(query, place, range, binder)
  const newest = place === "lease" && others.length === 0 ? ranged(range, "i.id", binder) : undefined
  return { ...part, where: [...part.where, ...others], newest }
}

/**
 * The place with the conditions that its indexes answer: what `floor` measures.
 *
 * An index on a key and the id has the id negated, and is asked for it that way: else the planner, who does not know
 * the values of a prepared statement, takes the index on ids where it seems no worse, and passes over all it holds.
 */
export const indexedPartOf = (query: JobQuery, place: Place, range: Range, binder: Binder): Part => {
  const key = place === "finished" ? historyKey(query) : null
  switch (key) {
    case "tenant": {
      const own = [`j.tenant = ${binder.bind(query.tenants?.[0], "text")}`, "j.tenant <> ''"]
      return { place, where: [...own, ...ranged(range, "-j.id", binder)], order: "-j.id" }
    }
    case "name": {
      const own = [`j.name = ${binder.bind(query.names?.[0], "text")}`]
      return { place, where: [...own, ...ranged(range, "-j.id", binder)], order: "-j.id" }
    }
    default: {
      const own = key === "cancelled" ? ["j.state = 'cancelled'"] : []
      const halted = place === "dead" && wants(query, "dead") !== wants(query, "quarantined")
        ? [`j.outcome ${wants(query, "dead") ? "<>" : "="} 'quarantined'`]
        : []
      const retryable = place === "scheduled" && !wants(query, "scheduled") ? ["j.retryable"] : []
      return { place, where: [...own, ...halted, ...retryable, ...ranged(range, "j.id", binder)], order: "j.id desc" }
    }
  }
}

/**
 * Whether reading a page of a place may pass over jobs that do not match. Looking for ids passes over none, and of
 * leases and suspects there are few.
 */
export const isBounded = (query: JobQuery, place: Place): boolean =>
  query.ids === undefined && place !== "lease" && place !== "suspect"
  && residual(query, place, binder()).length > 0

const idConditions = (query: JobQuery, place: Place, { bind }: Binder): ReadonlyArray<string> => {
  if (query.ids === undefined) return []
  const ids = query.ids.filter(Rows.isId)
  return [
    ...(place === "lease" ? [`l.ids && ${bind(ids, "text[]::bigint[]")}`] : []),
    `j.id = any(${bind(ids, "text[]::bigint[]")})`
  ]
}

/** The one filter of the history that has an index of its own: what is cancelled, else the tenant, else the name. */
const historyKey = (query: JobQuery): "cancelled" | "tenant" | "name" | null => {
  if (!wants(query, "completed")) return "cancelled"
  if (query.tenants?.length === 1 && query.tenants[0] !== "") return "tenant"
  return query.names?.length === 1 ? "name" : null
}

const ranged = (
  { before, floor }: Range,
  id: "j.id" | "i.id" | "-j.id",
  { bind }: Binder
): ReadonlyArray<string> => {
  const isNegated = id === "-j.id"
  const limit = (sign: string, value: bigint) => `${id} ${sign} ${bind(isNegated ? -value : value, "bigint")}`
  return [
    ...(before === null ? [] : [limit(isNegated ? ">" : "<", before)]),
    ...(floor === null ? [] : [limit(isNegated ? "<=" : ">=", floor)])
  ]
}

const residual = (query: JobQuery, place: Place, { bind }: Binder): ReadonlyArray<string> => {
  const key = place === "finished" ? historyKey(query) : null
  const among = (column: string, values: ReadonlyArray<string> | undefined) =>
    values === undefined ? [] : [`j.${column} = any(${bind(values, "text[]")})`]
  const created = { after: createdAfter(query), before: createdBefore(query) }
  return [
    ...(place === "scheduled" && wants(query, "scheduled") && !wants(query, "retryable") ? ["not j.retryable"] : []),
    ...(place === "finished" && wants(query, "completed") && !wants(query, "cancelled")
      ? ["j.state = 'completed'"]
      : []),
    ...(key === "name" ? [] : among("name", query.names)),
    ...(key === "tenant" ? [] : among("tenant", query.tenants)),
    ...among("queue", query.queues),
    ...(query.tags === undefined ? [] : [`j.tags && ${bind(query.tags, "text[]")}`]),
    ...(query.payload === undefined ? [] : [`j.payload @> ${bind(JSON.stringify(query.payload), "text::jsonb")}`]),
    ...(created.after === undefined ? [] : [`j.created_at >= ${bind(created.after, "timestamptz")}`]),
    ...(created.before === undefined ? [] : [`j.created_at < ${bind(created.before, "timestamptz")}`])
  ]
}

const wants = (query: JobQuery, state: JobState): boolean => query.states === undefined || query.states.includes(state)
