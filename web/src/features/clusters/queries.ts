import { api } from "../../api/client";

/** One cluster. */
export const clusterQuery = (id: string) =>
  api.queryOptions("get", "/api/v1/clusters/{id}", { params: { path: { id } } });

/** What a cluster serves, and how many there are of each. */
export const kindsQuery = (id: string) =>
  api.queryOptions("get", "/api/v1/clusters/{id}/kinds", { params: { path: { id } } });

/** The nodes of a cluster, the worst first. */
export const nodesQuery = (id: string) =>
  api.queryOptions("get", "/api/v1/clusters/objects", {
    params: { query: { kind: "nodes", clusters: id, limit: 500, sort: "status" } },
  });

/** The newest warnings of a cluster. */
export const warningsQuery = (id: string, limit: number) =>
  api.queryOptions("get", "/api/v1/clusters/objects", {
    params: { query: { kind: "events", clusters: id, fields: "phase=Warning", sort: "age", limit } },
  });

/** How many pods are on a node. */
export const podsOnQuery = (id: string, node: string) =>
  api.queryOptions("get", "/api/v1/clusters/objects", {
    params: { query: { kind: "pods", clusters: id, fields: `node=${node}`, limit: 1 } },
  });
