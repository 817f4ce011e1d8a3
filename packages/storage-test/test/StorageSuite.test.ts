import { MemoryStorage } from "@millrace/storage"
import * as StorageSuite from "../src/StorageSuite.ts"

StorageSuite.suite("memory", MemoryStorage.layer, { model: { sequences: 100 } })
