/**
 * Libraries take time, chance, configuration and output from Effect's services, so that a simulation can replay them.
 *
 * The compiler's Effect diagnostics say the same where they see types; this rule also sees what they do not cover.
 */
import * as Rule from "./Rule.ts"
import * as Source from "./Source.ts"
import * as Violation from "./Violation.ts"

const banned: ReadonlyArray<readonly [use: RegExp, instead: string]> = [
  [/\bDate\.now\b/g, "Clock.currentTimeMillis or DateTime.now"],
  [/\bnew Date(?:\(\s*\)|(?![\w(]))/g, "DateTime.now"],
  [/\bperformance\.now\b/g, "Clock.currentTimeNanos"],
  [/\bMath\.random\b/g, "the Random service"],
  [/\bcrypto\.random\w+|\bgetRandomValues\b/g, "the Random service"],
  [/\b(?:setTimeout|setInterval|setImmediate)\b/g, "Effect.sleep or Schedule"],
  [/\bprocess\.env\b/g, "Config"],
  [/\bconsole\.\w+/g, "Effect.log"]
]

/** The rule. */
export const rule = Rule.perFile({
  name: "determinism",
  statement: "no library reads the clock, chance or the environment by itself, or writes to the console",
  applies: Source.isLibrary,
  check: (source) =>
    banned.flatMap(([use, instead]) =>
      [...source.code.matchAll(use)].map((match) =>
        Violation.make(source.path, Source.lineAt(source, match.index), `${match[0]}: use ${instead}`)
      )
    )
})
