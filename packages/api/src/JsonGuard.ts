/**
 * Finds what no job may hold in a JSON value: NUL bytes, lone surrogates, endless nesting.
 *
 * Use it on every value from outside, before a schema walks it. It keeps its own stack, so that no nesting can
 * overflow the program's, and looks at every string and every key.
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"

/**
 * How deep the payload of a job may be nested: 100 objects or arrays inside each other.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const depthLimit = 100

/**
 * What was found, and where: `path` holds keys and indexes from the root.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface Flaw {
  readonly path: ReadonlyArray<string | number>
  readonly detail: string
}

interface Frame {
  readonly container: ReadonlyArray<Schema.Json> | { readonly [key: string]: Schema.Json }
  readonly keys: ReadonlyArray<string> | null
  index: number
}

/**
 * Returns the first flaw of a JSON value, or null.
 *
 * **Details**
 *
 * `maxDepth` counts objects and arrays inside each other; defaults to 100.
 * Beyond it the path is cut off, since it would be as long as the value is deep.
 *
 * @stability unstable
 * @category validation
 * @since 0.1.0
 */
export const find = (value: Schema.Json, maxDepth: number = depthLimit): Flaw | null => {
  if (!isContainer(value)) return ofText([], value)
  const stack: Array<Frame> = [frame(value)]
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const next = advance(top)
    const flaw = next === undefined ? null : ofKey(stack, top) ?? ofText(stack, next)
    if (flaw !== null) return flaw
    if (next === undefined) stack.pop()
    else if (isContainer(next) && stack.length >= maxDepth) return tooDeep(stack, maxDepth)
    else if (isContainer(next)) stack.push(frame(next))
  }
  return null
}

const isContainer = (value: Schema.Json): value is Frame["container"] => typeof value === "object" && value !== null

const frame = (container: Frame["container"]): Frame => ({
  container,
  keys: Array.isArray(container) ? null : Object.keys(container),
  index: -1
})

const keyOf = (top: Frame): string | number => top.keys === null ? top.index : top.keys[top.index] ?? ""

const advance = (top: Frame): Schema.Json | undefined => {
  top.index++
  const end = top.keys === null ? (top.container as ReadonlyArray<Schema.Json>).length : top.keys.length
  return top.index >= end ? undefined : (top.container as { readonly [key: string]: Schema.Json })[keyOf(top)]
}

const pathOf = (stack: ReadonlyArray<Frame>): ReadonlyArray<string | number> => stack.map(keyOf)

const tooDeep = (stack: ReadonlyArray<Frame>, maxDepth: number): Flaw => ({
  path: pathOf(stack.slice(0, 5)),
  detail: `is nested deeper than ${maxDepth} levels`
})

const ofText = (stack: ReadonlyArray<Frame>, value: Schema.Json): Flaw | null => {
  const detail = typeof value === "string" ? flawOf(value) : null
  return detail === null ? null : { path: pathOf(stack), detail }
}

const ofKey = (stack: ReadonlyArray<Frame>, top: Frame): Flaw | null => {
  const key = keyOf(top)
  const detail = typeof key === "string" ? flawOf(key) : null
  return detail === null ? null : { path: pathOf(stack.slice(0, -1)), detail: `has a key that ${detail}` }
}

const loneSurrogate = /\p{Surrogate}/u

const flawOf = (text: string): string | null =>
  text.includes("\u0000")
    ? "holds a NUL byte, which PostgreSQL can not store"
    : loneSurrogate.test(text)
    ? "holds a lone surrogate, which is no character"
    : null
