import { StorageSuite } from "@millrace/storage-test"
import * as StorageDriver from "../storage-driver.ts"

// Some 200 tests, and random commands compared with the reference after each. Take 60 sequences or more for a driver.
StorageSuite.suite("counting driver", StorageDriver.layer, { model: { sequences: 5 } })
