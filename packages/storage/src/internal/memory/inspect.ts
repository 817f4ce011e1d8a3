/**
 * What the memory storage tells of itself beside the jobs.
 */
import type { ExplainFacts, LogEntry, TenantQuery, TenantRecord } from "../../Inspection.ts"
import type { JobId } from "../../JobId.ts"
import type { LimitRecord } from "../../Limit.ts"
import type { MemoryState } from "./state.ts"

/** The log lines of a job. */
export const logs = (_state: MemoryState, _id: JobId): ReadonlyArray<LogEntry> => []

/** All that decides whether a job starts. */
export const explain = (_state: MemoryState, _id: JobId, _now: number): ExplainFacts | null => null

/** The declared limits. */
export const limits = (_state: MemoryState): ReadonlyArray<LimitRecord> => []

/** Tenants by name. */
export const tenants = (_state: MemoryState, _query: TenantQuery): ReadonlyArray<TenantRecord> => []
