import { MemoryScheduleStorage, MemoryStorage } from "@millrace/storage"
import { Layer } from "effect"
import * as ScheduleSuite from "../src/ScheduleSuite.ts"

ScheduleSuite.suite("memory", MemoryScheduleStorage.layer.pipe(Layer.provideMerge(MemoryStorage.layer)))
