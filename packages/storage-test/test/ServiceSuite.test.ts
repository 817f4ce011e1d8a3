import { MemoryServiceStorage } from "@millrace/storage"
import * as ServiceSuite from "../src/ServiceSuite.ts"

ServiceSuite.suite("memory", MemoryServiceStorage.layer)
