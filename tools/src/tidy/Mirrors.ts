/**
 * Every module of a library has a test of the same name, or stands with its reason in `tools/untested.json`.
 *
 * Modules that a package hides are tested by way of the public ones; most have a test of their own all the same. Modules
 * that only declare types need none.
 */
import { Schema } from "effect"
import type { Rule, Tree } from "./Rule.ts"
import type * as Source from "./Source.ts"
import * as Violation from "./Violation.ts"
import * as Workspace from "./Workspace.ts"

/** Where the modules without a test are written down. */
export const file = "tools/untested.json"

const Untested = Schema.Record(Schema.String, Schema.String.check(Schema.isMinLength(15)))

const parse = Schema.decodeUnknownSync(Schema.fromJsonString(Untested))

/** Where the test of a module may be: in the same folder below `test`, or in `test` itself. */
const testsOf = (path: string): ReadonlyArray<string> => {
  const mirrored = path.replace("/src/", "/test/").replace(/\.tsx?$/, ".test.ts")
  const name = mirrored.slice(mirrored.lastIndexOf("/") + 1)
  return [mirrored, `${mirrored.slice(0, mirrored.indexOf("/test/"))}/test/${name}`]
}

/** A key that ends with a slash stands for all modules below that folder. */
const isMeant = (key: string, path: string): boolean => key.endsWith("/") ? path.startsWith(key) : path === key

/** A module that only declares types: the compiler is its test. */
const isOnlyTypes = (source: Source.Source): boolean =>
  !/^(?:export )?(?:default )?(?:abstract )?(?:async )?(?:const|let|var|function|class)\b|^export (?:\*|\{)/m.test(
    source.code
  )

/** The modules that need a test and have none. */
const lonely = (tree: Tree): ReadonlyArray<string> => {
  const paths = new Set(tree.map((source) => source.path))
  return Workspace.publicModules(tree)
    .filter((source) => !isOnlyTypes(source))
    .map((source) => source.path)
    .filter((path) => !testsOf(path).some((test) => paths.has(test)))
}

const check = (tree: Tree): ReadonlyArray<Violation.Violation> => {
  const keys = Object.keys(parse(tree.find((source) => source.path === file)?.text ?? "{}"))
  const modules = lonely(tree)
  return [
    ...modules
      .filter((path) => !keys.some((key) => isMeant(key, path)))
      .map((path) => Violation.make(path, 1, `has no ${testsOf(path)[0]}; write it, or say in ${file} why not`)),
    ...keys
      .filter((key) => !modules.some((path) => isMeant(key, path)))
      .map((key) => Violation.make(file, 1, `${key} is gone or has a test: remove it`))
  ]
}

/** The rule. */
export const rule: Rule = {
  name: "mirrors",
  statement: "every module of a library has a test of its name or a reason to have none",
  check
}
