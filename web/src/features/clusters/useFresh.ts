import { useCallback, useEffect, useRef } from "react";

import { queries } from "../../api/client";
import { useObjects } from "../../api/live";

const rest = 2000; // ms between two looks: a busy cluster changes all the time

/**
 * Fetches what a page shows of a cluster's objects again when they change: at once, and then
 * every few seconds at most. Wants are kinds, or * for all.
 */
export function useFresh(cluster: string, kinds: readonly string[], state: string): void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const again = useRef(false);
  const look = useCallback(() => {
    if (timer.current !== undefined) {
      again.current = true;
      return;
    }
    const go = () => {
      again.current = false;
      void queries.invalidateQueries({ predicate: ({ queryKey }) => shows(queryKey, cluster) });
      timer.current = setTimeout(() => {
        timer.current = undefined;
        if (again.current) go();
      }, rest);
    };
    go();
  }, [cluster]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const first = useRef(state);
  useEffect(() => {
    if (first.current !== state) look(); // it answers again, or no more
    first.current = state;
  }, [state, look]);
  useObjects(
    kinds.map((kind) => `${cluster}|${kind}`),
    look,
  );
}

interface Init {
  params?: { path?: { id?: string }; query?: { clusters?: string } };
}

/** Whether a query shows kinds or objects of a cluster. */
export function shows([, path, init]: readonly unknown[], cluster: string): boolean {
  const { params } = (init ?? {}) as Init;
  if (path === "/api/v1/clusters/{id}/kinds") return params?.path?.id === cluster;
  return path === "/api/v1/clusters/objects" && params?.query?.clusters === cluster;
}
