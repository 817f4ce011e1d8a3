/**
 * A job as storages take it, for tests that insert without a queue.
 */
import type { NewJob } from "@millrace/storage"

/** A job that is due now and has no rules; with other fields where they matter. */
export const newJob = (fields: Partial<NewJob.NewJob> = {}): NewJob.NewJob => ({
  name: "Send",
  version: 1,
  queue: "default",
  tenant: "",
  priority: 50,
  payload: 1,
  delayMillis: 0,
  runAt: null,
  ttlMillis: null,
  maxAttempts: 1,
  timeoutMillis: null,
  retry: null,
  unique: null,
  debounce: null,
  limits: [],
  tags: [],
  ...fields
})
