import { MemorySampleStorage, MemoryStorage } from "@millrace/storage"
import { Layer } from "effect"
import * as SampleSuite from "../src/SampleSuite.ts"

SampleSuite.suite("memory", MemorySampleStorage.layer.pipe(Layer.provideMerge(MemoryStorage.layer)))
