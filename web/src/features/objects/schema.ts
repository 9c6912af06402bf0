import { queries, request } from "../../api/client";
import type { SchemaOf } from "../../ui/Editor";

const minutes = 10 * 60_000;

/** The schemas of what is written for a cluster, from its OpenAPI; each is asked for once. */
export const schemasOf =
  (cluster: string): SchemaOf =>
  (api_version, kind) =>
    queries.fetchQuery({
      queryKey: ["schema", cluster, api_version, kind],
      staleTime: minutes,
      retry: false,
      queryFn: async () => {
        const { data } = await request.GET("/api/v1/clusters/{id}/schema", {
          params: { path: { id: cluster }, query: { kind, api_version } },
        });
        return data as Awaited<ReturnType<SchemaOf>>;
      },
    });
