import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import createFetchClient from "openapi-fetch";
import createClient from "openapi-react-query";

import { Problem, readProblem } from "./errors";
import type { paths } from "./schema";
import { send } from "./send";
import { tenantHeader } from "./tenant";

/** Where every path of the API begins. */
export const base = "/api/v1";

/** Plain requests, for what no component waits for. A failed one throws a Problem. */
export const request = createFetchClient<paths>({ baseUrl: "/", credentials: "same-origin", fetch: send });

// What the server says when it does nothing for somebody until they have done their part.
const firstThings = ["auth.password_change_required", "auth.second_factor_required"];

request.use({
  onRequest({ request: { headers } }) {
    for (const [name, value] of Object.entries(tenantHeader()))
      if (!headers.has(name)) headers.set(name, value);
    if (headers.get("X-Tenant-ID") === "") headers.delete("X-Tenant-ID"); // asks for none
  },
  async onResponse({ response }) {
    if (response.ok) return;
    const problem = await readProblem(response);
    if (firstThings.includes(problem.code))
      void queries.invalidateQueries({ queryKey: ["get", `${base}/auth/me`] }); // it says what comes first
    throw problem;
  },
});

const signedOut = new Set<() => void>();

/** Calls back whenever the server says that nobody is signed in. */
export function onSignedOut(tell: () => void): () => void {
  signedOut.add(tell);
  return () => signedOut.delete(tell);
}

/** Says that the server knows nobody here any more. */
export function reportSignedOut(): void {
  for (const tell of signedOut) tell();
}

function look(error: unknown): void {
  if (error instanceof Problem && error.status === 401) reportSignedOut();
}

/** Everything fetched so far. Nothing is fetched again by time: the live stream says what changed. */
export const queries = new QueryClient({
  queryCache: new QueryCache({ onError: look }),
  mutationCache: new MutationCache({ onError: look }),
  defaultOptions: {
    queries: {
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < 2 && !(error instanceof Problem && error.status < 500),
    },
  },
});

/** The API as hooks: api.useQuery("get", "/api/v1/servers"). */
export const api = createClient(request);

/** The header with which a write says what it has read; 412 when someone was faster. */
export const ifMatch = (rev: number) => ({ "If-Match": `"${rev}"` });
