/**
 * Ties a program to this process: when this process dies, however it dies, the program stops.
 *
 * The program inherits one end of a pipe and never hears anything on it. Node loads `LifeLinePreload.ts` in front of the
 * program, which needs no change; a thread of its own waits for the end of the pipe, so that a program that blocks its
 * event loop is stopped too.
 *
 * @since 0.1.0
 */

/** The variable that tells the preloaded module of the pipe, and the program's patience. It removes the variable again. */
export const variable = "MILLRACE_LIFELINE"

/** The file descriptor of the program's end. */
export const descriptor = 3

/** Time that a program gets to stop by itself when its owner has died, in milliseconds: longer than a worker's grace. */
export const patienceMillis = 8_000

/** Arguments of Node that load the life line in front of a program. */
export const nodeArguments: ReadonlyArray<string> = ["--import", new URL("./LifeLinePreload.ts", import.meta.url).href]
