/**
 * The containment of one JSON value in another, as PostgreSQL's `jsonb @> jsonb` defines it.
 *
 * An object contains another when every key of the other is there and its value is contained.
 * An array contains another when every element of the other is contained in some element;
 * order and repetition do not matter. Scalars contain what equals them. One exception, at the
 * top only: an array contains a scalar that is one of its elements.
 */
import type * as Schema from "effect/Schema"

type Json = Schema.Json

type JsonObject = { readonly [key: string]: Json }

/** Tells whether `outer` contains `inner`. */
export const jsonContains = (outer: Json, inner: Json): boolean =>
  Array.isArray(outer) && isScalar(inner)
    ? outer.some((element) => isScalar(element) && element === inner)
    : containsInside(outer, inner)

const containsInside = (outer: Json, inner: Json): boolean => {
  if (isScalar(inner)) return isScalar(outer) && outer === inner
  if (isArray(inner)) {
    return isArray(outer) && inner.every((wanted) => outer.some((element) => containsInside(element, wanted)))
  }
  return isObject(outer)
    && Object.entries(inner).every(([key, wanted]) => {
      const found = Object.hasOwn(outer, key) ? outer[key] : undefined
      return found !== undefined && containsInside(found, wanted)
    })
}

const isScalar = (value: Json): value is string | number | boolean | null => value === null || typeof value !== "object"

const isArray = (value: Json): value is ReadonlyArray<Json> => Array.isArray(value)

const isObject = (value: Json): value is JsonObject => !isScalar(value) && !isArray(value)
