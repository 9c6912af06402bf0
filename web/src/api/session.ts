import { api, queries } from "./client";

/** Who is signed in, and what they may do. */
export const meQuery = () => api.queryOptions("get", "/api/v1/auth/me", {}, { retry: false });

/** Whether the appliance still waits for its first administrator, or for its passphrase. */
export const setupQuery = () => api.queryOptions("get", "/api/v1/setup", {}, { staleTime: 0, retry: false });

/** Forgets everything that was fetched for somebody else. */
export function forget(): void {
  queries.clear();
}
