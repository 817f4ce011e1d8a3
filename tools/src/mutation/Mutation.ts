/**
 * Runs the driver's tests with a mutant, and judges what came of it.
 */
import { Effect, FileSystem, Path, Schema } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import * as Mutant from "./Mutant.ts"

/** The modules of statements whose guards are promises: who may take, end, keep or give back a job. */
export const guarded = ["claim", "settle", "lease", "promote"]

/** What became of a mutant: `survived` and `misjudged` (listed as equivalent, yet a test fails) are mistakes. */
export type Verdict = "killed" | "survived" | "equivalent" | "misjudged"

const Equivalent = Schema.Record(Schema.String, Schema.String)

/** Guards that no test can miss: from `statement: dropped text` to the reason. */
export type Equivalent = typeof Equivalent.Type

/** The name of a mutant in the list of equivalents: stable when other guards come and go. */
const nameOf = (mutant: Mutant.Mutant): string =>
  `${mutant.id.replace(/#\d+$/, "")}: ${mutant.dropped.replace(/\s+/g, " ")}`

/** Reads the list of equivalents. */
export const readEquivalent = Effect.fnUntraced(function*(root: string) {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const text = yield* files.readFileString(path.join(root, "equivalent.json"))
  return yield* Schema.decodeUnknownEffect(Schema.fromJsonString(Equivalent))(text)
})

/** The verdict on a mutant. */
export const judge = (mutant: Mutant.Mutant, known: Equivalent, isKilled: boolean): Verdict => {
  const isKnown = known[nameOf(mutant)] !== undefined
  if (isKilled) return isKnown ? "misjudged" : "killed"
  return isKnown ? "equivalent" : "survived"
}

/** The mutants of the named modules or statements. */
export const select = Effect.fnUntraced(function*(names: ReadonlyArray<string>) {
  const modules = new Set(names.map((name) => name.split(".")[0] ?? name))
  const all = yield* Effect.forEach([...modules], (module) =>
    Effect.map(
      Effect.promise(() => import(`../../../packages/storage-postgres/src/statements/${module}.ts`)),
      (statements: Readonly<Record<string, unknown>>) => Mutant.ofModule(module, statements)
    ))
  return all.flat().filter((mutant) =>
    names.some((name) => mutant.id.startsWith(name.includes(".") ? `${name}#` : `${name}.`))
  )
})

/** A mutant whose tests take longer than this hangs them: it is killed. */
const deadline = "5 minutes"

/** The parts of the conformance suite that are about a module of statements. */
const own: { readonly [module: string]: string } = {
  claim: "claim|fairness|admission|limits",
  settle: "settle|fence|company|report",
  lease: "lease|reclaim|fence|company",
  promote: "promote|transitions|admission"
}

/** Its own tests first: most mutants need no more. Then all that are quick, then the random sequences of the model. */
const roundsOf = (mutant: Mutant.Mutant | null): ReadonlyArray<string> => {
  const names = own[mutant?.id.split(".")[0] ?? ""]
  const rest = ["^(?!.*random command sequences)", "random command sequences"]
  return names === undefined ? rest : [`^storage: postgres\\W+(${names})\\W`, ...rest]
}

/** Whether a round of the driver's tests fails with the mutant. */
const fails = Effect.fnUntraced(
  function*(root: string, id: string, names: string) {
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    const handle = yield* spawner.spawn(
      ChildProcess.make("vitest", ["run", "--config", `${root}/mutation.config.ts`, "-t", names], {
        cwd: `${root}/..`,
        env: { [Mutant.variable]: id },
        extendEnv: true,
        stdin: "ignore",
        stdout: "ignore",
        stderr: "ignore"
      })
    )
    return (yield* handle.exitCode) !== 0
  },
  Effect.scoped,
  Effect.timeoutOrElse({ duration: deadline, orElse: () => Effect.succeed(true) })
)

/** Whether the tests of the driver fail with the mutant; with null, whether they fail as things are. */
export const isKilled = Effect.fnUntraced(function*(root: string, mutant: Mutant.Mutant | null) {
  for (const names of roundsOf(mutant)) if (yield* fails(root, mutant?.id ?? "", names)) return true
  return false
})

/** One line on all results. */
export const summary = (results: ReadonlyArray<{ readonly verdict: Verdict }>): string => {
  const count = (verdict: Verdict) => results.filter((result) => result.verdict === verdict).length
  return `${results.length} guards dropped: ${count("killed")} noticed, ${count("equivalent")} equivalent, ` +
    `${count("survived")} unnoticed, ${count("misjudged")} wrongly listed as equivalent`
}
