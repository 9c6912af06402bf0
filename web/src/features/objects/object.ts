// One object, fetched whole, and again when the stream says that it changed.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef } from "react";

import { api, queries } from "../../api/client";
import { type Objects, useObjects } from "../../api/live";
import { useUrl } from "../../layout/useUrl";
import type { Place } from "./types";

const route = getRouteApi("/shell/clusters/$id/object");

/** The parts of an object's page. */
export const tabs = ["summary", "yaml", "events", "related", "logs", "terminal", "usage"] as const;

/** One of them. */
export type Tab = (typeof tabs)[number];

/** Which object the address is about, and which part of its page. */
export function useAddress(): { place: Place; tab: Tab } {
  const { id } = route.useParams();
  const [url] = useUrl();
  return useMemo(
    () => ({
      place: {
        cluster: id,
        kind: url.get("kind") ?? "",
        namespace: url.get("namespace") ?? "",
        name: url.get("name") ?? "",
      },
      tab: tabs.find((each) => each === url.get("tab")) ?? "summary",
    }),
    [id, url],
  );
}

const paramsOf = ({ cluster, kind, namespace, name }: Place) => ({
  params: { path: { id: cluster }, query: { kind, name, ...(namespace && { namespace }) } },
});

/** The object, whole. */
export const objectQuery = (place: Place) =>
  api.queryOptions("get", "/api/v1/clusters/{id}/object", paramsOf(place));

/** What happened to it. */
export const eventsQuery = (place: Place) =>
  api.queryOptions("get", "/api/v1/clusters/{id}/object/events", paramsOf(place));

/** What it has to do with others. */
export const relatedQuery = (place: Place) =>
  api.queryOptions("get", "/api/v1/clusters/{id}/object/related", paramsOf(place));

/** What it uses. */
export const usageQuery = (place: Place) =>
  api.queryOptions("get", "/api/v1/clusters/{id}/object/usage", paramsOf(place));

/** Its line in the list, which says how it stands. */
const lineQuery = ({ cluster, kind, namespace, name }: Place) =>
  api.queryOptions("get", "/api/v1/clusters/objects", {
    params: {
      query: {
        kind,
        clusters: cluster,
        fields: `name=${name}`,
        limit: 1,
        ...(namespace && { namespaces: namespace }),
      },
    },
  });

/** How an object stands, as the list knows it. */
export const useLine = (place: Place) => useQuery(lineQuery(place)).data?.items[0];

const pause = 300; // between two looks at an object that changes all the time

// Calls soon, and not more often than every so many ms.
function useSometimes(act: () => void): () => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      latest.current();
    }, pause);
  }, []);
}

/** Asks again for everything that is shown of an object. */
export const lookAgain = (place: Place): Promise<void> =>
  queries.invalidateQueries({
    predicate: ({ queryKey }) => {
      const path = queryKey[1];
      return (
        typeof path === "string" &&
        (path.startsWith("/api/v1/clusters/{id}/object") || path === "/api/v1/clusters/objects") &&
        JSON.stringify(queryKey[2]).includes(JSON.stringify(place.name).slice(1, -1))
      );
    },
  });

/** Keeps what is shown of an object as it is now. */
export function useFreshObject(place: Place): void {
  const { cluster, kind, namespace, name } = place;
  const again = useSometimes(() => void lookAgain(place));
  const happened = useSometimes(
    () => void queries.invalidateQueries({ queryKey: eventsQuery(place).queryKey }),
  );
  const key = `${namespace}/${name}`;
  useObjects(
    useMemo(() => [`${cluster}|${kind}`], [cluster, kind]),
    useCallback((e: Objects | undefined) => (!e?.keys || e.keys.includes(key)) && again(), [key, again]),
  );
  useObjects(
    useMemo(() => [`${cluster}|events`], [cluster]),
    happened,
  );
}
