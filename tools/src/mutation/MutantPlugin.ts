/**
 * The Vite plugin that lets tests run with a mutant: modules of statements are replaced by wrapped ones.
 *
 * The sources know nothing of it.
 */
import { basename } from "node:path"
import { fileURLToPath } from "node:url"
import type { Plugin } from "vite"
import * as Mutant from "./Mutant.ts"

const original = "?unchanged"

/** Statements of drivers, one module each. */
const isStatements = (id: string) => /\/packages\/storage-[a-z]+\/src\/statements\/[a-zA-Z]+\.ts$/.test(id)

const exportsOf = (source: string): ReadonlyArray<string> =>
  [...source.matchAll(/^export const (\w+)/gm)].map((found) => found[1] ?? "")

const wrapped = (id: string, source: string): string => {
  const module = JSON.stringify(basename(id, ".ts"))
  const mutant = JSON.stringify(fileURLToPath(new URL("Mutant.ts", import.meta.url)))
  return [
    `import * as statements from ${JSON.stringify(`${id}${original}`)}`,
    `import * as Mutant from ${mutant}`,
    `const changed = Mutant.wrap(process.env[${JSON.stringify(Mutant.variable)}], ${module}, statements)`,
    ...exportsOf(source).map((name) => `export const ${name} = changed[${JSON.stringify(name)}]`)
  ].join("\n")
}

/** Makes the plugin. */
export const make = (): Plugin => ({
  name: "millrace-mutants",
  enforce: "pre",
  transform: (source, id) => isStatements(id) ? wrapped(id, source) : null
})
