export * as ScheduleError from "./ScheduleError.ts"
export * as Scheduler from "./Scheduler.ts"
export * as ScheduleSpec from "./ScheduleSpec.ts"
