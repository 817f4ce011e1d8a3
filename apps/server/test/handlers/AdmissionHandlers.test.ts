import { admissionSuite } from "../support/admissionSuite.ts"
import * as T from "../support/ServerUnderTest.ts"

admissionSuite("AdmissionHandlers", () => T.layer())
