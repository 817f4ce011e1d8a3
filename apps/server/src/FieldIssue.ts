/**
 * Names the first field of a value that does not fit its schema, says what would fit, and lists the known fields
 * where one is unknown.
 *
 * @since 0.1.0
 */
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"

/**
 * What is wrong and where: `field` is a path such as `jobs[3].delay`, empty for the value itself.
 *
 * @stability unstable
 * @category models
 * @since 0.1.0
 */
export interface FieldIssue {
  readonly field: string
  readonly message: string
  readonly hint: string | null
}

/** A path is cut here: a caller chooses the keys, and the answer repeats them. */
const pathLimit = 200

/**
 * Writes a path as in `jobs[3].payload.userId`, cut after 200 characters.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const toField = (path: ReadonlyArray<PropertyKey>): string => {
  const field = path.reduce<string>((text, key) => text + step(key, text === ""), "")
  return field.length > pathLimit ? `${field.slice(0, pathLimit)}…` : field
}

const step = (key: PropertyKey, isFirst: boolean): string => {
  if (typeof key === "number") return `[${key}]`
  const name = String(key).slice(0, pathLimit).replaceAll(/[\p{Cc}\p{Surrogate}]/gu, "\uFFFD")
  if (!/^[A-Za-z_$][\w$-]*$/.test(name)) return `[${JSON.stringify(name)}]`
  return isFirst ? name : `.${name}`
}

/**
 * Returns the first thing that is wrong. `root` is the path of the value itself; defaults to none. `isDiscreet` leaves out what
 * the checks of the schema say, which may repeat what they found; defaults to false.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const first = (
  issue: SchemaIssue.Issue,
  root: ReadonlyArray<PropertyKey> = [],
  isDiscreet = false
): FieldIssue => {
  const format = (isDiscreet ? discreet : formatter)(issue).issues[0]
  const path = format?.path?.map((segment) => typeof segment === "object" ? segment.key : segment) ?? []
  return {
    field: toField([...root, ...path]),
    message: format?.message ?? "Expected another value",
    hint: hintOf(leaf(issue))
  }
}

const leafText: SchemaIssue.LeafHook = (issue) =>
  issue._tag === "UnexpectedKey"
    ? "Unknown field"
    : issue._tag === "MissingKey"
    ? "Missing field"
    : SchemaIssue.defaultLeafHook(issue)

const formatter = SchemaIssue.makeFormatterStandardSchemaV1({ leafHook: leafText })

const another = "Expected another value"

const discreet = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => issue._tag === "InvalidValue" || issue._tag === "Forbidden" ? another : leafText(issue),
  checkHook: () => another
})

const leaf = (issue: SchemaIssue.Issue): SchemaIssue.Issue => {
  switch (issue._tag) {
    case "Filter":
    case "Encoding":
    case "Pointer":
      return leaf(issue.issue)
    case "Composite":
    case "AnyOf":
      return issue.issues[0] === undefined ? issue : leaf(issue.issues[0])
    default:
      return issue
  }
}

const hintOf = (issue: SchemaIssue.Issue): string | null => {
  if (issue._tag !== "UnexpectedKey" || !SchemaAST.isObjects(issue.ast)) return null
  const names = issue.ast.propertySignatures.map((property) => String(property.name))
  return names.length === 0 ? "There are no fields here" : `Known fields: ${names.join(", ")}`
}
