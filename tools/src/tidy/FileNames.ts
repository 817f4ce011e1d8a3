/**
 * A file is named after the one concept in it, never after a drawer.
 */
import * as Rule from "./Rule.ts"
import * as Source from "./Source.ts"
import * as Violation from "./Violation.ts"

/** Words that may not occur in a name at all. */
const drawers = new Set(["util", "utils", "common", "helper", "helpers", "manager", "misc"])

/** Words that may not be a whole name. */
const vague = new Set(["types", "core"])

const wordsOf = (name: string): ReadonlyArray<string> =>
  name.replace(/([a-z\d])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z\d]+/)

/** Is the name of a file or folder, without its ending, a drawer? */
const isDrawer = (name: string): boolean =>
  vague.has(name.toLowerCase()) || wordsOf(name).some((word) => drawers.has(word))

/** The rule, for the names of sources and of the folders they are in. */
export const rule = Rule.perFile({
  name: "file-names",
  statement: "no file or folder is named utils, common, helpers, types, core or manager",
  applies: Source.isTypeScript,
  check: (source) => {
    const drawer = source.path.split("/").map((part) => part.replace(/\..*$/, "")).find(isDrawer)
    return drawer === undefined
      ? []
      : [Violation.make(source.path, 1, `"${drawer}" says nothing: name it after the concept in it`)]
  }
})
