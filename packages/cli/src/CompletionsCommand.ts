/**
 * `millrace completions`: the script that teaches a shell the commands and flags.
 *
 * @since 0.1.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Completions from "effect/cli/Completions"
import * as Console from "effect/Console"

/**
 * The command. `root` answers the whole tree of commands, this one included.
 *
 * @stability unstable
 * @category commands
 * @since 0.1.0
 */
export const make = (root: () => Command.Command.Any) =>
  Command.make(
    "completions",
    {
      shell: Argument.Literals("shell", ["bash", "zsh", "fish", "powershell"]).pipe(
        Argument.withDescription("bash, zsh, fish or powershell")
      )
    },
    ({ shell }) => Console.log(Completions.generate("millrace", shell, Completions.fromCommand(root())))
  ).pipe(
    Command.withDescription("Print the completion script of a shell"),
    Command.withExamples([
      {
        command: "millrace completions bash > ~/.local/share/bash-completion/completions/millrace",
        description: "Bash"
      },
      { command: "millrace completions zsh > \"${fpath[1]}/_millrace\"", description: "Zsh" }
    ])
  )
