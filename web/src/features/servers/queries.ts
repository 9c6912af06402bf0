import { api } from "../../api/client";

/** One server. */
export const serverQuery = (id: string) =>
  api.queryOptions("get", "/api/v1/servers/{id}", { params: { path: { id } } });

/** The newest snapshot of a server; 404 before the first. */
export const snapshotQuery = (id: string) =>
  api.queryOptions(
    "get",
    "/api/v1/servers/{id}/snapshots/{sid}",
    { params: { path: { id, sid: "latest" } } },
    { retry: false },
  );

/** Alerts of a server, newest first. */
export const serverAlertsQuery = (id: string, state: "open" | "all" | "resolved", limit: number) =>
  api.queryOptions("get", "/api/v1/alerts", { params: { query: { server: id, state, limit } } });

/** Every threshold: few, and drawn on many charts. */
export const thresholdsQuery = () =>
  api.queryOptions("get", "/api/v1/thresholds", { params: { query: { limit: 500 } } });
