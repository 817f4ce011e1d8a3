/**
 * Nothing in the repository depends on, or tells of, the machine it was written on.
 */
import * as Rule from "./Rule.ts"
import * as Source from "./Source.ts"
import * as Violation from "./Violation.ts"

const traces: ReadonlyArray<readonly [trace: RegExp, remedy: string]> = [
  [/(?<![\w.~-])\/(?:work|workspaces?|home|root|Users|builds)\/[\w.-]+/g, "a path of one machine: make it relative"],
  [/\b[A-Z]:\\+Users\\+\w+/g, "a path of one machine: make it relative"],
  [
    /\bregistry\.[a-z][\w-]*\.(?:com|dev|internal|io|local|net|org)\b/g,
    "the host of a registry: whoever installs chooses it"
  ],
  [/\btarball: *https?:\/\/\S+/g, "the address of a registry: install without it"],
  [/\b_?auth[T]oken\b/g, "a credential of a registry"]
]

/** The rule, for every text file. */
export const rule = Rule.perFile({
  name: "machine-traces",
  statement: "no file names a path of a machine or the host of a registry",
  applies: () => true,
  check: (source) =>
    traces.flatMap(([trace, remedy]) =>
      [...source.text.matchAll(trace)].map((match) =>
        Violation.make(source.path, Source.lineAt(source, match.index), `"${match[0]}" is ${remedy}`)
      )
    )
})
