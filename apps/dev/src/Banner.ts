/**
 * What `npm start` prints when everything runs. Pure text.
 *
 * @since 0.1.0
 */

/** What runs where. */
export interface Facts {
  /** Without a slash at the end. */
  readonly url: string
  /** Without a password. */
  readonly databaseUrl: string
  /** Where the password of the embedded PostgreSQL is kept; null for a database of one's own. */
  readonly passwordFile: string | null
  readonly dataFolder: string
  readonly serverPid: number
  readonly workerPid: number
}

/** A job that needs nothing but its payload: three rows of a product list, the last of them broken. */
export const job = {
  name: "data-processing",
  payload: {
    batchId: "first",
    operation: "import",
    data: [
      { store: "north", sku: "L-1", name: "Lamp", price: "12.50", quantity: 3 },
      { store: "south", sku: "C-7", name: "Chair", price: 80, quantity: 12 },
      { store: "south", sku: "T-2", name: "Table", price: "a lot", quantity: 1 }
    ]
  }
}

/** The line that enqueues the job. */
export const enqueueLine = (url: string): string =>
  `curl -sS ${url}/api/v1/jobs -H 'content-type: application/json' -d '${JSON.stringify(job)}'`

/** The line that reads the newest job. */
export const readLine = (url: string): string => `curl -sS '${url}/api/v1/jobs?limit=1'`

/** The text, with an empty line before and behind. */
export const render = (facts: Facts): string => `
Millrace runs. Ctrl-C stops it; the data stays.

  server    ${facts.url}  (process ${facts.serverPid})
  docs      ${facts.url}/docs, OpenAPI at ${facts.url}/openapi.json
  worker    process ${facts.workerPid}
  database  ${facts.databaseUrl}${facts.passwordFile === null ? "" : `  (password in ${facts.passwordFile})`}
  data      ${facts.dataFolder}

Enqueue a job:

  ${enqueueLine(facts.url)}

Read the newest one, with its result; or one by its id, at ${facts.url}/api/v1/jobs/<id>:

  ${readLine(facts.url)}

`
