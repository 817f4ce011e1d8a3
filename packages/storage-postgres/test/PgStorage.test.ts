import { StorageSuite } from "@millrace/storage-test"
import * as MigratedDatabase from "./MigratedDatabase.ts"

StorageSuite.suite("postgres", MigratedDatabase.make(), { model: { sequences: 20 } })
