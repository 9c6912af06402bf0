// Lists that come in pages: one query holds all the pages read so far.
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { queries, request } from "./client";
import { touches } from "./live/kinds";

interface Answer<T> {
  items: T[];
  next_cursor?: string | undefined;
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

// One request by a path that is only known as text.
type Fetch = (
  path: string,
  init: { params: { query: Query }; headers: Query; signal: AbortSignal },
) => Promise<{ data?: unknown }>;
const get = request.GET as unknown as Fetch;

const size = 100;

interface Options {
  /** Asks again whenever the page opens: the stream does not say when the list changes. */
  fresh?: boolean;
}

/** The rows of a list, more of them with every `more`; the order and the filters are the server's. */
export function useList<T>(
  path: string,
  filter: Query = {},
  headers: Query = {},
  { fresh = false }: Options = {},
) {
  const query = { ...filter, limit: size };
  const result = useInfiniteQuery({
    queryKey: ["get", path, { params: { query }, headers }, "pages"],
    queryFn: async ({ pageParam, signal }) => {
      const init = { params: { query: { ...query, cursor: pageParam } }, headers, signal };
      const { data } = await get(path, init);
      return data as Answer<T>;
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor || undefined,
    placeholderData: keepPreviousData,
    refetchOnMount: fresh ? "always" : true,
  });
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = result;
  const rows = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const more = hasNextPage && !isFetchingNextPage ? () => void fetchNextPage() : undefined;
  return {
    rows,
    more,
    loading: result.isPending,
    error: data ? null : result.error,
    retry: () => void result.refetch(),
  };
}

/** Fetches again what shows things of a kind, without waiting for the stream to say so. */
export function refresh(kind: string, id = ""): Promise<void> {
  return queries.invalidateQueries({ predicate: ({ queryKey }) => touches(queryKey, { kind, id, rev: 0 }) });
}
