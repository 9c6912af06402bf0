import type { components } from "../../api/schema";

export type Job = components["schemas"]["Job"];

/** Whether it may still change. */
export const runs = (job: Job): boolean => job.state === "queued" || job.state === "running";

/** How long it ran, or has run, in seconds. */
export const took = (job: Job, now: number): number =>
  (Date.parse(job.ended_at ?? new Date(now).toISOString()) - Date.parse(job.created_at)) / 1000;
