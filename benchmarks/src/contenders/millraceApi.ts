/**
 * Millrace by its HTTP API: a server process of its own on the same database. Enqueues only; everything else is asked of
 * the library.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { BenchJob, Contender, Target } from "../Contender.ts"
import * as Library from "./millrace.ts"

const program = fileURLToPath(new URL("../../../apps/server/src/main.ts", import.meta.url))
const module = fileURLToPath(new URL("benchJob.ts", import.meta.url))

/** Limits of callers are out of the way; everything else is as it comes. */
const startServer = (target: Target) => {
  const environment = {
    DATABASE_URL: target.postgresUrl,
    MILLRACE_PORT: "0",
    MILLRACE_JOBS: module,
    MILLRACE_LOG_FORMAT: "logfmt",
    MILLRACE_REQUESTS_PER_SECOND: "1000000",
    MILLRACE_REQUEST_BURST: "1000000"
  }
  return spawn(process.execPath, [program], {
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "pipe", "inherit"]
  })
}

type Server = ReturnType<typeof startServer>

const urlOf = (server: Server) =>
  new Promise<string>((resolve, reject) => {
    let output = ""
    server.stdout.setEncoding("utf8").on("data", (text: string) => {
      // Its lines are read on, and only kept until the address is among them.
      if (output === "found") return
      output += text
      const [, url] = /Millrace API on (http:\/\/[\d.:]+)/.exec(output) ?? []
      if (url === undefined) return
      output = "found"
      resolve(url)
    })
    server.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${output}`)))
  })

const requestOf = ({ tenant, ...job }: BenchJob) => ({
  name: "bench",
  payload: { ...job, ...(tenant === undefined ? {} : { tenant }) },
  ...(tenant === undefined ? {} : { tenant })
})

const post = async (url: string, body: unknown): Promise<void> => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body)
  })
  const text = await response.text()
  if (response.status !== 201) throw new Error(`${response.status} ${text.slice(0, 500)}`)
}

export const make = (target: Target): Contender => {
  const library = Library.make(target)
  let server: Server | null = null
  let base = ""
  return {
    ...library,
    connect: async () => {
      await library.connect()
      server = startServer(target)
      base = `${await urlOf(server)}/api/v1/jobs`
    },
    enqueue: (job) => post(base, requestOf(job)),
    enqueueMany: (jobs) => post(`${base}/batch`, { jobs: jobs.map(requestOf) }),
    close: async () => {
      if (server !== null && server.exitCode === null) {
        server.kill("SIGTERM")
        await once(server, "exit")
      }
      await library.close()
    }
  }
}
