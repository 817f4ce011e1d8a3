/**
 * Requests made from the OpenAPI document: fitting ones, and ones that are broken in all sorts of ways. A seed makes the
 * same requests again.
 */

export interface Operation {
  readonly method: string
  readonly path: string
  readonly parameters: ReadonlyArray<{ readonly name: string; readonly in: string; readonly schema: Schema }>
  readonly body: Schema | null
}

export interface FuzzRequest {
  readonly operation: Operation
  readonly path: string
  readonly body: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

type Schema = { readonly [key: string]: unknown }

export interface Document {
  readonly paths: { readonly [path: string]: { readonly [method: string]: Schema } }
  readonly components: { readonly schemas: { readonly [name: string]: Schema } }
}

/** Numbers from 0 to 1: mulberry32, so that a seed is all that a failing run needs. */
export const random = (seed: number): () => number => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const operationsOf = (document: Document): ReadonlyArray<Operation> =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      parameters: (operation["parameters"] ?? []) as Operation["parameters"],
      body: bodyOf(operation)
    }))
  )

const bodyOf = (operation: Schema): Schema | null => {
  const body = operation["requestBody"] as
    | { readonly content: { readonly [type: string]: { readonly schema: Schema } } }
    | undefined
  return body?.content["application/json"]?.schema ?? null
}

/** What no field expects, and some do. */
const oddities: ReadonlyArray<unknown> = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  "",
  " ",
  "0",
  "1",
  "abc",
  "\u0000",
  "\ud800",
  "😀".repeat(300),
  "x".repeat(5000),
  "'; drop table millrace.ready; --",
  "<script>alert(1)</script>",
  "../../etc/passwd",
  "2026-11-22T08:00:00Z",
  "99999-99-99",
  "5 minutes",
  "-5 minutes",
  [],
  [[]],
  {},
  { __proto__: null, constructor: 1 },
  { a: { b: { c: {} } } }
]

/** Makes requests. */
export const make = (document: Document, seed: number) => {
  const next = random(seed)
  const pick = <A>(list: ReadonlyArray<A>): A => list[Math.floor(next() * list.length)] as A
  const operations = operationsOf(document)

  const generate = (schema: Schema, depth = 0): unknown => {
    const ref = schema["$ref"]
    if (typeof ref === "string") return generate(document.components.schemas[ref.split("/").at(-1) ?? ""] ?? {}, depth)
    if (depth > 6) return null
    const options = (schema["anyOf"] ?? schema["oneOf"]) as ReadonlyArray<Schema> | undefined
    if (options !== undefined) return generate(pick(options), depth + 1)
    if (Array.isArray(schema["enum"])) return pick(schema["enum"])
    if ("const" in schema) return schema["const"]
    if (schema["type"] === "object") return generateObject(schema, depth)
    if (schema["type"] === "array") {
      const items = (schema["items"] ?? {}) as Schema
      return Array.from(
        { length: Math.floor(next() * 3) + Number(schema["minItems"] ?? 0) },
        () => generate(items, depth + 1)
      )
    }
    return generateScalar(schema)
  }

  const generateObject = (schema: Schema, depth: number): unknown => {
    const properties = (schema["properties"] ?? {}) as { readonly [name: string]: Schema }
    const required = (schema["required"] ?? []) as ReadonlyArray<string>
    // About three of the others: with every second one, an object of twenty would hardly ever be right.
    const others = Math.max(1, Object.keys(properties).length - required.length)
    const share = Math.min(0.4, 3 / others)
    const names = Object.keys(properties).filter((name) => required.includes(name) || next() < share)
    return Object.fromEntries(
      names.map((name) => [name, knownValue(name) ?? generate(properties[name] ?? {}, depth + 1)])
    )
  }

  /** Names that lead somewhere: else nearly every request would end at the first check. */
  const knownValue = (name: string): unknown => {
    if (next() < 0.3) return undefined
    if (name === "name") return pick(["Echo", "SendWelcome", "q", "unknown"])
    if (name === "payload") return pick([{ userId: "u" }, 1, null])
    if (name === "id") return String(Math.ceil(next() * 30))
    return undefined
  }

  const generateScalar = (schema: Schema): unknown => {
    const examples = schema["examples"]
    if (Array.isArray(examples) && next() < 0.8) return pick(examples)
    switch (schema["type"]) {
      case "integer":
      case "number":
        return Math.floor(Number(schema["minimum"] ?? -10) + next() * 50)
      case "boolean":
        return next() < 0.5
      case "null":
        return null
      case "string":
        return pick(["default", "mail", "a", "1", "7", "acme"])
      default:
        return pick([1, "a", null, { userId: "u" }])
    }
  }

  const mutate = (value: unknown): unknown => {
    if (next() < 0.2) return pick(oddities)
    if (Array.isArray(value)) {
      return next() < 0.3
        ? [...value, pick(oddities)]
        : value.map((item) => next() < 0.5 ? mutate(item) : item)
    }
    if (typeof value !== "object" || value === null) return pick(oddities)
    const entries = Object.entries(value)
    const how = next()
    if (how < 0.25) return Object.fromEntries(entries.slice(1))
    if (how < 0.45) return { ...value, [pick(["extra", "tenant", "__proto__", "constructor", ""])]: pick(oddities) }
    const at = Math.floor(next() * entries.length)
    return Object.fromEntries(entries.map(([key, inner], index) => [key, index === at ? mutate(inner) : inner]))
  }

  const textOf = (value: unknown): string => {
    const text = JSON.stringify(value)
    const how = next()
    if (how < 0.03) return text.slice(0, -1)
    if (how < 0.04) return "[".repeat(5000)
    return text
  }

  const parameter = (schema: Schema, name: string): string => {
    const value = next() < 0.25 ? pick(oddities) : knownValue(name) ?? generate(schema)
    const text = typeof value === "string" ? value : JSON.stringify(value)
    return encodeURIComponent(text.isWellFormed() ? text : "lone")
  }

  return (): FuzzRequest => {
    const operation = pick(operations)
    const inPath = (found: string, name: string) => {
      const declared = operation.parameters.find((each) => each.in === "path" && each.name === name)
      const text = parameter(declared?.schema ?? {}, name)
      // Nothing between two slashes is another path.
      return text === "" || found === "" ? "_" : text
    }
    const path = operation.path.replaceAll(/\{(\w+)\}/g, inPath)
    const query = operation.parameters.filter((each) => each.in === "query" && next() < 0.3)
      .map((each) => `${each.name}=${parameter(each.schema, each.name)}`)
    const extra = next() < 0.03 ? ["unknown=1"] : []
    const asked = [...query, ...extra]
    const value = operation.body === null ? undefined : generate(operation.body)
    const body = value === undefined ? undefined : textOf(next() < 0.5 ? mutate(value) : value)
    const type = next() < 0.1 ? "text/plain" : "application/json"
    return {
      operation,
      path: asked.length === 0 ? path : `${path}?${asked.join("&")}`,
      body,
      headers: body === undefined ? {} : { "content-type": type }
    }
  }
}
