import { api } from "./client";
import { useMe } from "./may";
import type { components } from "./schema";

/** Long work. */
export type Job = components["schemas"]["Job"];

/** Whether a job may still change. */
export const runs = (job: Job): boolean => job.state === "queued" || job.state === "running";

const often = 1000;

/** One of the appliance's own jobs, as it goes on. */
export function useJob(id: string) {
  const many = useMe()?.multi_tenancy ?? false;
  return api.useQuery(
    "get",
    "/api/v1/jobs/{id}",
    { params: { path: { id } }, headers: { "X-Tenant-ID": "system" } },
    // The stream of a tenant says nothing of the appliance's jobs.
    { refetchInterval: ({ state }) => many && (!state.data || runs(state.data)) && often },
  );
}
