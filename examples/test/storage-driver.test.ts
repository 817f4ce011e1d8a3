import { StorageSuite } from "@millrace/storage-test"
import * as StorageDriver from "../storage-driver.ts"

// Every rule of the port, and random commands compared with the reference. For a driver take 60 sequences or more.
StorageSuite.suite("counting driver", StorageDriver.layer, { model: { sequences: 5 } })
