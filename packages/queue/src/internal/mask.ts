/**
 * Which parts of a schema's JSON are not to be shown: compiled once from its annotations, then applied to values.
 *
 * It hides too much rather than too little: a property that the schema does not name is hidden; a part that any member of a union hides is hidden whichever member a value is,
 * and where a transformation leaves no trace of an annotation in the JSON, all that it makes is hidden.
 */
import type * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"

/** The annotation. */
export const annotation = "millrace/redacted"

/** What stands in the place of a hidden part. */
export const hidden = "<redacted>"

/** The parts below a place of the JSON. Schemas may be recursive, and so may this be. */
interface Node {
  isHidden: boolean
  /** Its objects have the named properties and no others, or any at all. */
  shape: "named" | "any" | null
  /** Others that hold for the same value. */
  readonly same: Array<Node>
  readonly properties: Map<string, Node>
  readonly others: Array<Node>
  readonly items: Array<Node>
  readonly rest: Array<Node>
}

/** The hidden parts of a schema. */
export interface Mask {
  /** The value with its hidden parts replaced. It must fit the schema: of another one nobody knows the parts. */
  readonly apply: (value: Schema.Json) => Schema.Json
  /** A path up to where the hidden begins: what comes after it may be part of the hidden. */
  readonly cut: (path: ReadonlyArray<PropertyKey>) => ReadonlyArray<PropertyKey>
}

/** The mask of the JSON of a schema's syntax tree; null when it hides nothing. */
export const make = (ast: SchemaAST.AST): Mask | null => {
  const root = compile(ast, new Map())
  return hides(root) ? { apply: (value) => apply([root], value), cut: (path) => cut(root, path) } : null
}

const empty = (): Node => ({
  isHidden: false,
  shape: null,
  same: [],
  properties: new Map(),
  others: [],
  items: [],
  rest: []
})

const compile = (ast: SchemaAST.AST, known: Map<SchemaAST.AST, Node>): Node => {
  const before = known.get(ast)
  if (before !== undefined) return before
  const node = empty()
  known.set(ast, node)
  if (isMarked(ast)) node.isHidden = true
  else if (ast.encoding === undefined) describe(node, ast, known)
  else encode(node, ast, ast.encoding, known)
  return node
}

/** What counts is the JSON. Annotations on the other side must be found there too, or everything is hidden. */
const encode = (
  node: Node,
  ast: SchemaAST.AST,
  encoding: SchemaAST.Encoding,
  known: Map<SchemaAST.AST, Node>
): void => {
  const sides = encoding.map(({ to }) => compile(to, known))
  const json = sides.at(-1)
  const typed = empty()
  describe(typed, ast, known)
  const most = Math.max(count(typed), ...sides.map(count))
  if (json === undefined || count(json) < most) node.isHidden = true
  else node.same.push(json)
}

const describe = (node: Node, ast: SchemaAST.AST, known: Map<SchemaAST.AST, Node>): void => {
  switch (ast._tag) {
    case "Objects":
      node.shape = ast.propertySignatures.length > 0 || ast.indexSignatures.length > 0 ? "named" : "any"
      for (const { name, type } of ast.propertySignatures) node.properties.set(String(name), compile(type, known))
      for (const { parameter, type } of ast.indexSignatures) {
        // Without its keys nothing of a record can be shown.
        if (hides(compile(parameter, known))) node.isHidden = true
        node.others.push(compile(type, known))
      }
      return
    case "Arrays":
      node.items.push(...ast.elements.map((element) => compile(element, known)))
      node.rest.push(...ast.rest.map((element) => compile(element, known)))
      return
    case "Union":
      node.same.push(...ast.types.map((type) => compile(type, known)))
      return
    case "Suspend":
      node.same.push(compile(ast.thunk(), known))
      return
    case "Any":
    case "Unknown":
    case "ObjectKeyword":
      node.shape = "any"
      return
    case "Declaration":
      node.shape = "any"
      node.same.push(...ast.typeParameters.map((type) => compile(type, known)))
      return
    default:
      // A leaf: nothing lies below it.
  }
}

const isMarked = (ast: SchemaAST.AST): boolean =>
  [ast.annotations, ast.context?.annotations, ...(ast.checks ?? []).map(({ annotations }) => annotations)].some(
    (annotations) => annotations?.[annotation] === true || isRedacted(annotations?.["representation"])
  )

/** The mark of `Schema.Redacted`. */
const isRedacted = (representation: unknown): boolean =>
  typeof representation === "object" && representation !== null && "id" in representation
  && representation.id === "effect/schema/Redacted"

const childrenOf = ({ items, others, properties, rest, same }: Node): ReadonlyArray<Node> => [
  ...same,
  ...properties.values(),
  ...others,
  ...items,
  ...rest
]

/** Hidden places below a node, each once. */
const count = (root: Node): number => {
  const seen = new Set<Node>([root])
  let found = 0
  for (const node of seen) {
    if (node.isHidden) found += 1
    for (const child of childrenOf(node)) seen.add(child)
  }
  return found
}

const hides = (root: Node): boolean => count(root) > 0

/** A property that no schema names may be a hidden one under another name, of another release or by mistake. */
const apply = (roots: ReadonlyArray<Node>, value: Schema.Json): Schema.Json => {
  const nodes = closure(roots)
  if (nodes.some(({ isHidden }) => isHidden)) return hidden
  if (typeof value !== "object" || value === null) return value
  if (isList(value)) return value.map((item, index) => apply(nodes.flatMap((node) => ofItem(node, index)), item))
  const isNamed = nodes.some(({ shape }) => shape === "named") && nodes.every(({ shape }) => shape !== "any")
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const parts = nodes.flatMap((node) => ofProperty(node, key))
      return [key, isNamed && parts.length === 0 ? hidden : apply(parts, item)]
    })
  )
}

const isList = (value: Schema.JsonObject | Schema.JsonArray): value is Schema.JsonArray => Array.isArray(value)

const ofItem = ({ items, rest }: Node, index: number): ReadonlyArray<Node> => {
  const item = items[index]
  return item === undefined ? rest : [item]
}

const ofProperty = ({ others, properties }: Node, key: string): ReadonlyArray<Node> => {
  const property = properties.get(key)
  return property === undefined ? others : [property]
}

const cut = (root: Node, path: ReadonlyArray<PropertyKey>): ReadonlyArray<PropertyKey> => {
  let nodes = closure([root])
  for (const [index, key] of path.entries()) {
    if (nodes.some(({ isHidden }) => isHidden)) return path.slice(0, index)
    nodes = closure(nodes.flatMap((node) => [...ofItem(node, Number(key)), ...ofProperty(node, String(key))]))
  }
  return path
}

const closure = (nodes: ReadonlyArray<Node>): ReadonlyArray<Node> => {
  const all = new Set(nodes)
  for (const node of all) for (const other of node.same) all.add(other)
  return [...all]
}
