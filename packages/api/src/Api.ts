/**
 * The HTTP contract of Millrace: server, typed client and OpenAPI document derive from it.
 *
 * Bodies, queries and paths are read strictly: a field that is not in the contract is refused and named.
 * Answers are read leniently, so that an older client understands a newer server.
 *
 * @since 0.1.0
 */
import * as HttpApi from "effect/http-api/HttpApi"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Access from "./Access.ts"
import { AdmissionApi } from "./AdmissionApi.ts"
import { AuditApi } from "./AuditApi.ts"
import { DrainApi } from "./DrainApi.ts"
import { EventsApi } from "./EventsApi.ts"
import { JobsApi } from "./JobsApi.ts"
import { KeysApi } from "./KeysApi.ts"
import { QueuesApi } from "./QueuesApi.ts"
import { RequestRules } from "./RequestRules.ts"
import { SchedulesApi } from "./SchedulesApi.ts"
import { StatsApi } from "./StatsApi.ts"
import { SystemApi } from "./SystemApi.ts"

const strict = { onExcessProperty: "error" } as const

const endpoints = HttpApi.make("millrace")
  .add(JobsApi, QueuesApi, AdmissionApi, SchedulesApi, EventsApi, DrainApi, KeysApi, AuditApi, StatsApi, SystemApi)
  .middleware(Access.Authorization)
  .middleware(RequestRules)
  .annotate(HttpApi.PayloadParseOptions, strict)
  .annotate(HttpApi.QueryParseOptions, strict)
  .annotate(HttpApi.ParamsParseOptions, strict)

/**
 * The contract.
 *
 * @stability unstable
 * @category contract
 * @since 0.1.0
 */
export const Api = endpoints.annotateMerge(OpenApi.annotations({
  title: "Millrace",
  version: "1.0.0",
  description: "Durable background jobs. Errors are { error: { tag, message, field?, jobId?, hint? } }.",
  license: { name: "MIT" },
  transform: Access.document(endpoints)
}))
