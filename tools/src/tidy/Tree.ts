/**
 * Reads the files of the repository that the rules look at.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import type { Tree } from "./Rule.ts"
import * as Source from "./Source.ts"

/** Larger files are data, not text that somebody wrote. */
const largestBytes = 1_000_000

/** What `.gitignore` names: directories by their name, files by their ending. */
interface Ignored {
  readonly names: ReadonlySet<string>
  readonly endings: ReadonlyArray<string>
}

/** Understands `name`, `name/` and `*.ending`; everything else in a `.gitignore` is an error. */
export const parseIgnored = (text: string): Ignored => {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"))
  const odd = lines.find((line) => !/^(?:\*\.[\w.]+|[\w.-]+\/?)$/.test(line))
  if (odd !== undefined) {
    throw new Error(`.gitignore: "${odd}" is beyond what tools/src/tidy/Tree.ts understands; extend parseIgnored`)
  }
  return {
    names: new Set([".git", ...lines.filter((line) => !line.startsWith("*")).map((line) => line.replace(/\/$/, ""))]),
    endings: lines.filter((line) => line.startsWith("*")).map((line) => line.slice(1))
  }
}

const isIgnored = (ignored: Ignored, name: string): boolean =>
  ignored.names.has(name) || ignored.endings.some((ending) => name.endsWith(ending))

const filesBelow = (root: string, folder: string, ignored: Ignored): ReadonlyArray<string> =>
  fs.readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter((entry) => !isIgnored(ignored, entry.name))
    .flatMap((entry) => {
      const below = folder === "" ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) return filesBelow(root, below, ignored)
      return entry.isFile() ? [below] : []
    })

const readText = (file: string): string | undefined => {
  if (fs.statSync(file).size > largestBytes) return undefined
  const text = fs.readFileSync(file, "utf8")
  return text.includes("\0") ? undefined : text
}

/** All text files below the root that `.gitignore` does not name, in the order of their paths. */
export const read = (root: string): Tree => {
  const ignored = parseIgnored(fs.readFileSync(path.join(root, ".gitignore"), "utf8"))
  return filesBelow(root, "", ignored).toSorted().flatMap((file) => {
    const text = readText(path.join(root, file))
    return text === undefined ? [] : [Source.make(file, text)]
  })
}
