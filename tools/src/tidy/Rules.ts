/**
 * All rules that the repository is held to.
 */
import * as Barrels from "./Barrels.ts"
import * as Decisions from "./Decisions.ts"
import * as Determinism from "./Determinism.ts"
import * as Examples from "./Examples.ts"
import * as ExportTags from "./ExportTags.ts"
import * as Faults from "./Faults.ts"
import * as FileNames from "./FileNames.ts"
import * as FileSize from "./FileSize.ts"
import * as Glossary from "./Glossary.ts"
import * as Imports from "./Imports.ts"
import * as Leftovers from "./Leftovers.ts"
import * as MachineTraces from "./MachineTraces.ts"
import * as Mirrors from "./Mirrors.ts"
import * as ModuleHeader from "./ModuleHeader.ts"
import * as Projects from "./Projects.ts"
import type { Rule } from "./Rule.ts"

/** The rules, in the order in which they are reported. */
export const all: ReadonlyArray<Rule> = [
  FileSize.rule,
  FileNames.rule,
  Glossary.rule,
  ModuleHeader.rule,
  ExportTags.rule,
  Barrels.rule,
  Leftovers.notes,
  Leftovers.shortcuts,
  Mirrors.rule,
  Imports.rule,
  Projects.rule,
  Determinism.rule,
  Examples.named,
  Examples.copied,
  Decisions.rule,
  Faults.rule,
  MachineTraces.rule
]
