import { MemoryServiceStorage } from "@millrace/storage"
import * as IdempotencySuite from "../src/IdempotencySuite.ts"

IdempotencySuite.suite("memory", MemoryServiceStorage.layer)
