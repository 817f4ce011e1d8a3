/**
 * `millrace dev`, `millrace server` and `millrace worker`: the ready-made programs.
 *
 * They are programs of their own, with flags of their own. The command line hands over to them before it reads any flag;
 * the commands here are for the help and the completions.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"

/**
 * The programs by the name of their command: the module to run, and what it does.
 *
 * @stability unstable
 * @category constants
 * @since 0.1.0
 */
export const programs = {
  dev: { module: "@millrace/dev/src/main.ts", does: "Run PostgreSQL, the server and a worker on this machine" },
  server: { module: "@millrace/server/src/main.ts", does: "Run the HTTP server on DATABASE_URL; --help has its flags" },
  worker: { module: "@millrace/worker/src/main.ts", does: "Run a worker on DATABASE_URL; --help has its flags" }
} as const

/**
 * The program that these arguments ask for, and what is left of them for it; null when they ask for none. `dev` has no
 * flags, so that its help is the command's.
 *
 * @stability unstable
 * @category converting
 * @since 0.1.0
 */
export const select = (
  args: ReadonlyArray<string>
): { readonly module: string; readonly rest: ReadonlyArray<string> } | null => {
  const [name, ...rest] = args
  if (name !== "dev" && name !== "server" && name !== "worker") return null
  if (name === "dev" && rest.length > 0) return null
  return { module: programs[name].module, rest }
}

const make = <const Name extends keyof typeof programs>(name: Name) =>
  Command.make(name, {}, () => Effect.die(new Error(`millrace ${name} is a program of its own`))).pipe(
    Command.withDescription(programs[name].does)
  )

/**
 * The commands.
 *
 * @stability unstable
 * @category commands
 * @since 0.1.0
 */
export const commands = [make("dev"), make("server"), make("worker")] as const
