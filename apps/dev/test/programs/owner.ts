/**
 * Owns the program that its argument names, prints that program's process id, and lives until it is killed.
 */
import { join } from "node:path"
import * as Program from "../../src/Program.ts"

const running = Program.start(
  {
    name: "worker",
    entry: join(import.meta.dirname, process.argv[2] ?? ""),
    folder: import.meta.dirname,
    environment: process.env,
    patienceMillis: 500
  },
  // The first line of the program: it runs, and its life line with it.
  { text: () => undefined, line: () => console.log(running.pid) }
)
setInterval(() => undefined, 1_000)
