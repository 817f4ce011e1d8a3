/** Rows of API keys and of the audit as values of the port. */
import type { ApiKeyRecord, ApiKeyScope } from "@millrace/storage/ApiKeyRecord"
import type { AuditEntry } from "@millrace/storage/AuditEntry"
import * as DateTime from "effect/DateTime"
import type { Row } from "./session.ts"

const instant = (value: unknown): DateTime.Utc => DateTime.makeUnsafe(value as Date)

const instantOrNull = (value: unknown): DateTime.Utc | null => (value === null ? null : instant(value))

/** The key of a row. */
export const toKey = (row: Row): ApiKeyRecord => ({
  id: row["id"] as string,
  name: row["name"] as string,
  hash: row["hash"] as string,
  previousHash: row["previous_hash"] as string | null,
  previousUntil: instantOrNull(row["previous_until"]),
  scopes: row["scopes"] as ReadonlyArray<ApiKeyScope>,
  queues: row["queues"] as ReadonlyArray<string> | null,
  tenant: row["tenant"] as string | null,
  createdAt: instant(row["created_at"]),
  expiresAt: instantOrNull(row["expires_at"]),
  revokedAt: instantOrNull(row["revoked_at"]),
  lastUsedAt: instantOrNull(row["last_used_at"])
})

/** The line of a row. */
export const toEntry = (row: Row): AuditEntry => ({
  id: String(row["id"]),
  at: instant(row["at"]),
  actor: row["actor"] as string,
  action: row["action"] as string,
  address: row["address"] as string | null,
  targets: row["targets"] as ReadonlyArray<string>,
  detail: row["detail"] as AuditEntry["detail"]
})
