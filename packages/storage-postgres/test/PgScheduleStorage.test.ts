import { ScheduleSuite } from "@millrace/storage-test"
import { Layer } from "effect"
import * as PgScheduleStorage from "../src/PgScheduleStorage.ts"
import * as MigratedDatabase from "./MigratedDatabase.ts"

ScheduleSuite.suite("postgres", PgScheduleStorage.layer.pipe(Layer.provideMerge(MigratedDatabase.make())))
