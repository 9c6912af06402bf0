import type { Job } from "../../api/job";

/** Whose jobs: those of the tenant one is in, or of the appliance itself. */
export type Scope = "here" | "system";

/** The scope that an address says. */
export const scopeOf = (url: URLSearchParams): Scope => (url.get("scope") === "system" ? "system" : "here");

/** What tells the server the scope. */
export const scopeHeaders = (scope: Scope): Record<string, string> =>
  scope === "system" ? { "X-Tenant-ID": "system" } : {};

/** How long it ran, or has run, in seconds. */
export const took = (job: Job, now: number): number =>
  (Date.parse(job.ended_at ?? new Date(now).toISOString()) - Date.parse(job.created_at)) / 1000;
