import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";

import { api } from "../../api/client";
import { useObjects } from "../../api/live";
import { asking, Windows } from "./windows";
import { type Filter, type Query, queryOf, statuses, withStatus } from "./filter";
import { merged } from "./kinds";
import type { Cluster, KindState, ObjectStatus } from "./types";

const noClusters: Cluster[] = [];

/** Every cluster; the stream keeps them fresh. */
export function useClusters() {
  const { data, error, refetch, isPending } = api.useQuery("get", "/api/v1/clusters", {
    params: { query: { limit: 200 } },
  });
  return { clusters: data?.items ?? noClusters, error, loading: isPending, retry: () => void refetch() };
}

const kindsOf = (id: string) =>
  api.queryOptions("get", "/api/v1/clusters/{id}/kinds", { params: { path: { id } } });

/** The kinds that the clusters serve, as one list; counted anew whenever it is shown. */
export function useKinds(ids: readonly string[]): KindState[] {
  const lists = useQueries({
    queries: ids.map((id) => ({ ...kindsOf(id), staleTime: 10_000 })),
    combine: (all) => all.map(({ data }) => data?.items),
  });
  return useMemo(() => merged(lists.flatMap((list) => (list ? [list] : []))), [lists]);
}

/** What is live of a kind: in some clusters, or in all. */
const wantsOf = (kind: string, clusters: readonly string[]): string[] =>
  clusters.length > 0 ? clusters.map((id) => `${id}|${kind}`) : [`*|${kind}`];

/** The rows of a filter as they are now; the ones before stay until the first of these are there. */
export function useWindows(filter: Filter): Windows {
  const { kind, clusters } = filter;
  const key = JSON.stringify(queryOf(filter));
  const made = useMemo(() => ({ kind, list: new Windows(asking(JSON.parse(key) as Query)) }), [kind, key]);
  const [shown, setShown] = useState(made);
  useEffect(() => {
    const { list } = made;
    const look = () => (list.total !== undefined || list.error !== undefined) && setShown(made);
    const stop = list.subscribe(look);
    look();
    return stop;
  }, [made]);
  const wants = useMemo(() => wantsOf(kind, clusters), [kind, clusters]);
  useObjects(wants, made.list.stir);
  const list = shown.kind === kind ? shown.list : made.list;
  useSyncExternalStore(list.subscribe, list.changes);
  return list;
}

const slow = 1000; // counts are looked at less often than rows

/** How many objects of a filter have each status. */
export function useCounts(filter: Filter): ReadonlyMap<ObjectStatus, number> {
  const { kind, clusters, q, labels, fields, namespaces } = filter;
  const key = JSON.stringify(
    queryOf({
      kind,
      clusters,
      q,
      labels,
      fields: withStatus(fields, undefined),
      namespaces,
      sort: "name",
      desc: false,
    }),
  );
  const [counts, setCounts] = useState<ReadonlyMap<ObjectStatus, number>>(new Map());
  const [due, setDue] = useState(0);
  const late = useRef<ReturnType<typeof setTimeout>>(undefined);
  const stir = useCallback(() => {
    late.current ??= setTimeout(() => {
      late.current = undefined;
      setDue((n) => n + 1);
    }, slow);
  }, []);
  useEffect(() => () => clearTimeout(late.current), []);
  useObjects(
    useMemo(() => wantsOf(kind, clusters), [kind, clusters]),
    stir,
  );
  useEffect(() => {
    const end = new AbortController();
    const query = JSON.parse(key) as Query;
    const count = async (status: ObjectStatus): Promise<[ObjectStatus, number]> => {
      const only = { ...query, fields: withStatus(query.fields ?? "", status) };
      const { total } = await asking(only)(0, 1, end.signal);
      return [status, total];
    };
    Promise.all(statuses.map(count)).then(
      (all) => !end.signal.aborted && setCounts(new Map(all)),
      () => undefined, // the list says what is wrong
    );
    return () => end.abort();
  }, [key, due]);
  return counts;
}

const noNames: string[] = [];

/** The namespaces of clusters, by name. */
export function useNamespaces(clusters: readonly string[]): string[] {
  const { data, refetch } = api.useQuery(
    "get",
    "/api/v1/clusters/objects",
    {
      params: {
        query: { kind: "namespaces", limit: 500, ...(clusters.length > 0 && { clusters: clusters.join() }) },
      },
    },
    { placeholderData: keepPreviousData },
  );
  useObjects(
    useMemo(() => wantsOf("namespaces", clusters), [clusters]),
    useCallback(() => void refetch(), [refetch]),
  );
  return useMemo(() => (data ? [...new Set(data.items.map(({ name }) => name))].sort() : noNames), [data]);
}

/** The labels that the first rows of a filter have, most used first; asked for when it is shown. */
export function useLabels(filter: Filter): string[] {
  const { labels: _, ...others } = filter;
  const { data } = api.useQuery(
    "get",
    "/api/v1/clusters/objects",
    { params: { query: { ...queryOf({ ...others, labels: "" }), limit: 200 } } },
    { staleTime: 10_000 },
  );
  return useMemo(() => {
    const counts = new Map<string, number>();
    for (const { labels } of data?.items ?? [])
      for (const [key, value] of Object.entries(labels ?? {}))
        counts.set(`${key}=${value}`, (counts.get(`${key}=${value}`) ?? 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([part]) => part);
  }, [data]);
}
