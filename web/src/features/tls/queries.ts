import { useQuery } from "@tanstack/react-query";

import { api } from "../../api/client";
import { useMe } from "../../api/may";
import { someAsked } from "./names";

/** What is chosen, and every name with its certificate. */
export const tlsQuery = () => api.queryOptions("get", "/api/v1/tls");

const often = 2000;

/**
 * The same, as it goes on: asked for again when the page opens or comes back into view, when
 * the stream says so, and while an authority is being asked.
 */
export function useTls() {
  const many = useMe()?.multi_tenancy ?? false;
  return useQuery({
    ...tlsQuery(),
    refetchOnMount: "always",
    refetchOnWindowFocus: "always",
    // The stream of a tenant says nothing of the appliance.
    refetchInterval: ({ state }) => many && state.data !== undefined && someAsked(state.data.names) && often,
  });
}
