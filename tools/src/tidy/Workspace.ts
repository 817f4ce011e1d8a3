/**
 * The packages of the repository and what their `package.json` says.
 */
import { Effect, Schema } from "effect"
import type { Tree } from "./Rule.ts"
import * as Source from "./Source.ts"

const Names = Schema.Record(Schema.String, Schema.String).pipe(Schema.withDecodingDefaultKey(Effect.succeed({})))

/** The part of a `package.json` that decides what may be imported, by it and from it. */
const Manifest = Schema.Struct({
  name: Schema.String,
  dependencies: Names,
  devDependencies: Names,
  peerDependencies: Names,
  optionalDependencies: Names,
  exports: Schema.Record(Schema.String, Schema.Unknown).pipe(Schema.withDecodingDefaultKey(Effect.succeed({})))
})

/** A package: its folder, its manifest, and whether `pnpm-workspace.yaml` counts it in. */
export interface Package {
  /** Empty for the root. */
  readonly folder: string
  readonly manifest: typeof Manifest.Type
  readonly isMember: boolean
}

const decodeManifest = Schema.decodeUnknownSync(Schema.fromJsonString(Manifest))

/** The patterns below `packages:` in the text of a `pnpm-workspace.yaml`. */
export const patternsOf = (yaml: string): ReadonlyArray<string> => {
  const block = /^packages:\n((?:[ \t]+- .*\n)*)/m.exec(`${yaml}\n`)?.[1] ?? ""
  return [...block.matchAll(/- +["']?([^"'\n]+?)["']?[ \t]*$/gm)].map((match) => match[1] ?? "")
}

/** Does a pattern like `packages/*` mean a folder? */
export const isMeant = (pattern: string, folder: string): boolean => {
  const parts = pattern.split("/")
  const names = folder.split("/")
  return parts.length === names.length && parts.every((part, index) => part === "*" || part === names[index])
}

/** All packages of a tree, the deepest folder first, so that the first whose folder contains a file owns it. */
export const packagesOf = (tree: Tree): ReadonlyArray<Package> => {
  const patterns = patternsOf(tree.find((source) => source.path === "pnpm-workspace.yaml")?.text ?? "")
  return tree
    .filter((source) => Source.fileName(source) === "package.json")
    .map((source) => {
      const folder = source.path.slice(0, -"/package.json".length)
      return {
        folder,
        manifest: decodeManifest(source.text),
        isMember: patterns.some((pattern) => isMeant(pattern, folder))
      }
    })
    .toSorted((left, right) => right.folder.length - left.folder.length)
}

/** The folders below `src` that the `exports` of a package hide: `"./internal/*": null`. */
const hiddenFolders = ({ manifest }: Package): ReadonlyArray<string> =>
  Object.entries(manifest.exports)
    .filter(([pattern, target]) => target === null && pattern.startsWith("./") && pattern.endsWith("/*"))
    .map(([pattern]) => pattern.slice("./".length, -"*".length))

/** The modules of the libraries that users can import: all but the lists of modules and what is hidden. */
export const publicModules = (tree: Tree): Tree => {
  const hidden = packagesOf(tree).flatMap((each) => hiddenFolders(each).map((folder) => `${each.folder}/src/${folder}`))
  return tree.filter((source) =>
    Source.isLibrary(source) && !Source.isIndex(source) && !hidden.some((folder) => source.path.startsWith(folder))
  )
}
