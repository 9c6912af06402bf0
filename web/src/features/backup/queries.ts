import { queryOptions, useQuery } from "@tanstack/react-query";

import { api, queries, request } from "../../api/client";
import { refresh } from "../../api/list";
import { useMay } from "../../api/may";
import type { Moments } from "./types";

/** How the replica is. */
const statusQuery = () => api.queryOptions("get", "/api/v1/backup");

/** What is chosen. */
export const settingsQuery = () => api.queryOptions("get", "/api/v1/backup/settings");

/** The restores that were tried, newest first. */
export const drillsQuery = () => api.queryOptions("get", "/api/v1/backup/drills");

/** The preview that is there. */
export const previewQuery = () => api.queryOptions("get", "/api/v1/backup/restore-preview");

const momentsKey = "moments";
const bound = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());

/**
 * The moments between two; without them, all there are. Their key is none of a path, so that
 * the stream does not have them fetched again: they come every second, and a list of them is
 * asked of the replica itself.
 */
export const momentsQuery = (from?: number, to?: number) =>
  queryOptions({
    queryKey: [momentsKey, { from, to }],
    queryFn: async ({ signal }): Promise<Moments> => {
      const query = { from: bound(from), to: bound(to) };
      const params = { query: Object.fromEntries(Object.entries(query).filter(([, at]) => at)) };
      return (await request.GET("/api/v1/backup/points", { params, signal })).data!;
    },
  });

/** How the replica is. It is asked for again when the page opens or comes back into view, and when the stream says so. */
export const useStatus = () =>
  useQuery({ ...statusQuery(), refetchOnMount: "always", refetchOnWindowFocus: "always" });

/** Fetches everything about backups again, after something was changed. */
export const refreshBackup = () =>
  Promise.all([refresh("backup"), queries.invalidateQueries({ queryKey: [momentsKey] })]);

/** Whether the person looks after the replica, rather than only at it. */
export const useKeeper = (): boolean => useMay("backup.write");
