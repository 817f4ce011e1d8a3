/**
 * What a file imports: from its own package by relative path, and from others only what its `package.json` names and
 * the table of boundaries allows.
 */
import * as path from "node:path/posix"
import * as Boundaries from "./Boundaries.ts"
import type { Rule } from "./Rule.ts"
import * as Source from "./Source.ts"
import * as Violation from "./Violation.ts"
import type { Package } from "./Workspace.ts"
import * as Workspace from "./Workspace.ts"

/** An import of a file. */
export interface Import {
  readonly specifier: string
  readonly line: number
}

const statement =
  /\b(?:import|export)\b[^"'`;()]*?\bfrom\s*"([^"]+)"|\bimport\s*"([^"]+)"|\bimport\s*\(\s*"([^"]+)"\s*\)/g

/** The imports of a source, of types and values, static and dynamic. */
export const importsOf = (source: Source.Source): ReadonlyArray<Import> =>
  [...source.uncommented.matchAll(statement)]
    // Text inside of strings and templates is no import.
    .filter((match) => source.code[match.index] === match[0][0])
    .map((match) => ({
      specifier: match[1] ?? match[2] ?? match[3] ?? "",
      line: Source.lineAt(source, match.index + match[0].length)
    }))

const namedBy = ({ manifest }: Package, isProduct: boolean): ReadonlySet<string> =>
  new Set([
    ...Object.keys(manifest.dependencies),
    ...Object.keys(manifest.peerDependencies),
    ...Object.keys(manifest.optionalDependencies),
    ...(isProduct ? [] : Object.keys(manifest.devDependencies))
  ])

/** A package that is published or run keeps what its sources need out of `devDependencies`. */
const isProduct = (source: Source.Source): boolean => /^(?:packages|apps)\/[^/]+\/src\//.test(source.path)

/** The programs, and the command line, which is published as a package. */
const isProgram = (path: string): boolean => /^(?:apps\/[^/]+|packages\/cli)\/src\//.test(path)

const problemAbroad = (source: Source.Source, owner: Package, specifier: string): string | undefined => {
  const library = Source.isLibrary(source) ? source.path.split("/")[1] ?? "" : undefined
  if (library !== undefined) {
    const boundary = Boundaries.libraries[library]
    if (boundary === undefined) return `${library} is not in the table of tools/src/tidy/Boundaries.ts`
    if (!Boundaries.isAllowed(boundary, specifier)) return `${library} may not import ${specifier}`
  }
  const name = Boundaries.packageOf(specifier)
  if (!name.startsWith("node:") && !namedBy(owner, isProduct(source)).has(name)) {
    return `${name} is not named by the package.json of ${owner.manifest.name}`
  }
  return isProgram(source.path) && Boundaries.drivers.includes(name) &&
      Source.fileName(source) !== "main.ts"
    ? `${name} is a driver: choose it in main.ts`
    : undefined
}

/** What is wrong with an import of a source that belongs to a package, or nothing. */
const problemOf = (source: Source.Source, owner: Package, specifier: string): string | undefined => {
  if (!specifier.startsWith(".")) return problemAbroad(source, owner, specifier)
  const target = path.join(path.dirname(source.path), specifier)
  if (!target.startsWith(`${owner.folder}/`)) return `${specifier} leaves the package: import it by its name`
  return /\.\w+$/.test(specifier) ? undefined : `${specifier} lacks its ending`
}

const checkOne = (source: Source.Source, packages: ReadonlyArray<Package>): ReadonlyArray<Violation.Violation> => {
  const owner = packages.find(({ folder }) => source.path.startsWith(`${folder}/`))
  if (owner === undefined || !owner.isMember) return []
  return importsOf(source).flatMap(({ line, specifier }) => {
    const problem = problemOf(source, owner, specifier)
    return problem === undefined ? [] : [Violation.make(source.path, line, problem)]
  })
}

/** The rule. */
export const rule: Rule = {
  name: "imports",
  statement: "every import is named by the package and allowed by the table of boundaries",
  check: (tree) => {
    const packages = Workspace.packagesOf(tree)
    return tree.filter(Source.isTypeScript).flatMap((source) => checkOne(source, packages))
  }
}
