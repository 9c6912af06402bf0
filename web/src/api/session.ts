import { api, base, queries } from "./client";

/** Who is signed in, and what they may do. */
export const meQuery = () => api.queryOptions("get", "/api/v1/auth/me", {}, { retry: false });

/** Whether the appliance still waits for its first administrator, or for its passphrase. */
export const setupQuery = () => api.queryOptions("get", "/api/v1/setup", {}, { staleTime: 0, retry: false });

// What is said to everybody; the sign-in shows it while the rest is forgotten.
const open: ReadonlySet<unknown> = new Set([`${base}/auth/providers`, `${base}/setup`]);

/** Forgets everything that was fetched for somebody else. */
export function forget(): void {
  queries.removeQueries({ predicate: ({ queryKey }) => !open.has(queryKey[1]) });
  queries.getMutationCache().clear(); // with the passwords that were sent
}
