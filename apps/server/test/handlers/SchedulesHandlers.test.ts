import { schedulesSuite } from "../support/schedulesSuite.ts"
import * as T from "../support/ServerUnderTest.ts"

schedulesSuite("SchedulesHandlers", () => T.layer())
