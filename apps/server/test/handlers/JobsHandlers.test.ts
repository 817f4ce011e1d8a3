import { jobsSuite } from "../support/jobsSuite.ts"
import * as T from "../support/ServerUnderTest.ts"

jobsSuite("JobsHandlers", () => T.layer())
