/**
 * Guards for data that comes from outside: is it JSON, shallow enough, small enough, and free of text that no
 * database stores? Walks without recursion, so that no input can exhaust the stack.
 */
import type * as Schema from "effect/Schema"
import type { Misfit } from "./jobCodec.ts"
import { jsonPath } from "./jobCodec.ts"
import * as Text from "./text.ts"

/** The bounds of a value: bytes of its JSON text in UTF-8, and levels of arrays and objects. */
export interface Bounds {
  readonly bytes: number
  readonly depth: number
}

/** What is wrong with a value that should be JSON within bounds, or null. */
export const check = (value: unknown, bounds: Bounds): Misfit | null => {
  const walk: Walk = { frames: [], bytes: 0, bounds, seesJson: true }
  return enter(walk, value) ?? run(walk)
}

/** What is wrong with the shape of any value, before a schema walks it: too deep, cyclic or too large, or null. */
export const checkShape = (value: unknown, bounds: Bounds): Misfit | null => {
  const walk: Walk = { frames: [], bytes: 0, bounds, seesJson: false }
  return enter(walk, value) ?? run(walk)
}

/** A copy of a JSON value with unstorable text replaced. The value must have passed `checkShape`. */
export const sanitise = (value: Schema.Json): Schema.Json => {
  if (typeof value === "string") return Text.replaceFlaws(value)
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(sanitise)
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [Text.replaceFlaws(key), sanitise(inner)] as const)
  )
}

/** An array or object being walked: `keys` is null for arrays, `index` counts the children already entered. */
interface Frame {
  readonly node: object
  readonly keys: ReadonlyArray<string> | null
  readonly length: number
  index: number
}

interface Walk {
  readonly frames: Array<Frame>
  readonly bounds: Bounds
  /** False while the value is not JSON yet: then only depth and the number of nodes count. */
  readonly seesJson: boolean
  bytes: number
}

const run = (walk: Walk): Misfit | null => {
  for (;;) {
    const frame = walk.frames.at(-1)
    if (frame === undefined) return null
    if (frame.index === frame.length) {
      walk.frames.pop()
      continue
    }
    const misfit = enterChild(walk, frame)
    if (misfit !== null) return misfit
    if (walk.bytes > walk.bounds.bytes) return misfitAt([], `larger than ${walk.bounds.bytes} bytes`)
  }
}

const enterChild = (walk: Walk, frame: Frame): Misfit | null => {
  const index = frame.index++
  walk.bytes += 1
  if (frame.keys === null) return enter(walk, Reflect.get(frame.node, index))
  const key = frame.keys[index] ?? ""
  if (walk.seesJson) {
    const bytes = Text.measure(key)
    if (typeof bytes === "string") return misfitAt(walk.frames, `a key ${flawText[bytes]}`)
    walk.bytes += bytes + 1
  }
  return enter(walk, Reflect.get(frame.node, key))
}

const enter = (walk: Walk, value: unknown): Misfit | null => {
  if (typeof value === "object" && value !== null) return enterObject(walk, value)
  return walk.seesJson ? enterLeaf(walk, value) : null
}

const enterLeaf = (walk: Walk, value: unknown): Misfit | null => {
  switch (typeof value) {
    case "string": {
      if (value.length > walk.bounds.bytes) return misfitAt(walk.frames, `larger than ${walk.bounds.bytes} bytes`)
      const bytes = Text.measure(value)
      if (typeof bytes === "string") return misfitAt(walk.frames, flawText[bytes])
      walk.bytes += bytes
      return null
    }
    case "number":
      walk.bytes += String(value).length
      return Number.isFinite(value) ? null : misfitAt(walk.frames, `${value} is not a JSON value`)
    case "boolean":
      walk.bytes += 5
      return null
    case "object":
      walk.bytes += 4
      return null
    default:
      return misfitAt(walk.frames, `a value of type ${typeof value} is not a JSON value`)
  }
}

const enterObject = (walk: Walk, node: object): Misfit | null => {
  const isArray = Array.isArray(node)
  if (walk.seesJson && !isArray && !isPlain(node)) {
    return misfitAt(walk.frames, "an object of a class is not a JSON value")
  }
  if (walk.frames.length >= walk.bounds.depth) return tooDeep(walk, node)
  walk.bytes += 2
  const keys = isArray ? null : Object.keys(node)
  const length = isArray ? node.length : keys?.length ?? 0
  if (length > 0) walk.frames.push({ node, keys, length, index: 0 })
  return null
}

const isPlain = (node: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(node)
  return prototype === Object.prototype || prototype === null
}

const tooDeep = (walk: Walk, node: object): Misfit =>
  walk.frames.some((frame) => frame.node === node)
    ? misfitAt(walk.frames, "cyclic")
    : misfitAt(walk.frames.slice(0, 8), `nested deeper than ${walk.bounds.depth} levels`)

const flawText: { readonly [Flaw in Text.TextFlaw]: string } = {
  nul: "holds a NUL character",
  surrogate: "holds a lone surrogate"
}

const misfitAt = (frames: ReadonlyArray<Frame>, detail: string): Misfit => ({
  field: jsonPath(frames.map(({ index, keys }) => keys === null ? index - 1 : keys[index - 1] ?? "")),
  detail
})
