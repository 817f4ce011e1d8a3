/**
 * One file of the repository as the rules see it.
 */
import * as Mask from "./Mask.ts"

/** A file: its path from the root with forward slashes, its text, and the text without what is not code. */
export interface Source {
  readonly path: string
  readonly text: string
  /** Without comments. */
  readonly uncommented: string
  /** Without comments, strings, templates and regular expressions. */
  readonly code: string
}

/** A source whose masked forms are made when they are first asked for. */
export const make = (path: string, text: string): Source => {
  let uncommented: string | undefined
  let code: string | undefined
  return {
    path,
    text,
    get uncommented() {
      return uncommented ??= Mask.comments(text)
    },
    get code() {
      return code ??= Mask.all(text)
    }
  }
}

/** The last part of the path. */
export const fileName = (source: Source): string => source.path.slice(source.path.lastIndexOf("/") + 1)

/** The number of lines. */
export const lineCount = (source: Source): number => {
  const lines = source.text.split("\n")
  return lines.at(-1) === "" ? lines.length - 1 : lines.length
}

/** The line, from 1, of a position in the text. */
export const lineAt = (source: Source, position: number): number => source.text.slice(0, position).split("\n").length

/** A TypeScript file? */
export const isTypeScript = (source: Source): boolean => /\.[cm]?tsx?$/.test(source.path)

/** A source of a library: `packages/<name>/src/**`. */
export const isLibrary = (source: Source): boolean =>
  isTypeScript(source) && /^packages\/[^/]+\/src\//.test(source.path)

/** The list of modules of a library: `packages/<name>/src/index.ts`. */
export const isIndex = (source: Source): boolean => /^packages\/[^/]+\/src\/index\.ts$/.test(source.path)
