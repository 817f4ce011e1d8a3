/**
 * The compiler's projects and the packages say the same: every package of the workspace is a project of the root, and
 * refers to exactly the packages that its `package.json` names.
 */
import { Effect, Schema } from "effect"
import * as path from "node:path/posix"
import type { Rule, Tree } from "./Rule.ts"
import * as Violation from "./Violation.ts"
import type { Package } from "./Workspace.ts"
import * as Workspace from "./Workspace.ts"

const Project = Schema.Struct({
  references: Schema.Array(Schema.Struct({ path: Schema.String })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed([]))
  )
})

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Project))

/** The folders that the project of a folder refers to. */
const referencesOf = (tree: Tree, folder: string): ReadonlyArray<string> | undefined => {
  const source = tree.find(({ path: at }) => at === path.join(folder, "tsconfig.json"))
  return source === undefined
    ? undefined
    : decode(source.text).references.map((reference) => path.join(folder, reference.path)).toSorted()
}

const neededBy = ({ manifest }: Package, packages: ReadonlyArray<Package>): ReadonlyArray<string> => {
  const names = { ...manifest.dependencies, ...manifest.devDependencies }
  return packages.filter((other) => other.manifest.name in names).map(({ folder }) => folder).toSorted()
}

const difference = (left: ReadonlyArray<string>, right: ReadonlyArray<string>): ReadonlyArray<string> =>
  left.filter((each) => !right.includes(each))

const compare = (
  file: string,
  actual: ReadonlyArray<string>,
  expected: ReadonlyArray<string>
): ReadonlyArray<Violation.Violation> => [
  ...difference(expected, actual).map((folder) => Violation.make(file, 1, `lacks the reference to ${folder}`)),
  ...difference(actual, expected).map((folder) => Violation.make(file, 1, `refers to ${folder} for no reason`))
]

/** The rule. */
export const rule: Rule = {
  name: "projects",
  statement: "every project refers to exactly the packages that its package.json names",
  check: (tree) => {
    const packages = Workspace.packagesOf(tree).filter((each) => each.isMember)
    const all = packages.map(({ folder }) => folder).toSorted()
    return [
      ...compare("tsconfig.json", referencesOf(tree, "") ?? [], all),
      ...packages.flatMap((each) => {
        const file = `${each.folder}/tsconfig.json`
        const references = referencesOf(tree, each.folder)
        return references === undefined
          ? [Violation.make(file, 1, "is missing")]
          : compare(file, references, neededBy(each, packages))
      })
    ]
  }
}
