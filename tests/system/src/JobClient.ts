/**
 * The HTTP API as the tests use it: the typed client, and waiting for a job.
 */
import type { JobView } from "@millrace/api"
import { ApiClient } from "@millrace/api"
import type { JobId } from "@millrace/storage"
import type { Duration, Schema } from "effect"
import { Effect } from "effect"
import { FetchHttpClient } from "effect/http"
import * as Wait from "./Wait.ts"

/** A client of a server. */
export const make = (baseUrl: string) => Effect.provide(ApiClient.make({ baseUrl }), FetchHttpClient.layer)

/** Creates a job and answers its id. */
export const create = (client: ApiClient.ApiClient, name: string, payload: Schema.Json) =>
  Effect.map(client.jobs.create({ payload: { name, payload } }), ({ id }) => id)

/** Waits until a job is in one of some states. */
export const inState = (
  client: ApiClient.ApiClient,
  id: JobId.JobId,
  states: ReadonlyArray<JobView.JobView["state"]>,
  deadline: Duration.Input
) =>
  Wait.until(
    `job ${id} being ${states.join(" or ")}`,
    deadline,
    client.jobs.get({ params: { id } }),
    ({ state }) => states.includes(state)
  )
