// Series over time: fetched once for a span, then lengthened by what the stream brings.
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";

import { append, type Point } from "../ui/series";
import { api } from "./client";
import { type Samples, useSamples } from "./live";

/** One series of a server. */
export interface History {
  metric: string;
  labels: Readonly<Record<string, string>>;
  points: readonly Point[];
}

/** The span of time that is shown. */
export interface Span {
  from: number;
  to: number;
}

const key = (metric: string, labels: Readonly<Record<string, string>> | null) =>
  metric + JSON.stringify(Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Lengthens series by the points of one poll. */
export function extend(known: readonly History[], { at, points }: Samples, from: number): History[] {
  const fresh = new Map(
    points.map(({ metric, labels, value }) => [key(metric, labels), { metric, labels: labels ?? {}, value }]),
  );
  const out = known.map((series) => {
    const id = key(series.metric, series.labels);
    const point = fresh.get(id);
    if (!point) return series;
    fresh.delete(id);
    return { ...series, points: append(series.points, [[at, point.value]], from) };
  });
  for (const { metric, labels, value } of fresh.values()) out.push({ metric, labels, points: [[at, value]] });
  return out;
}

/** How far apart (s) the points of a span are asked for: about 360 of them, on round seconds. */
export function stepOf({ from, to }: Span): number {
  const rough = (to - from) / 360_000;
  return [0, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600].find((each) => each >= rough - 8) ?? 21_600;
}

interface Options {
  /** The id of a server, or of a cluster if that is what `of` says. */
  server: string;
  of?: "servers" | "clusters";
  metrics: readonly string[];
  /** How long a span (ms) that ends now; or a fixed span, which does not move. */
  span: number | Span;
  /** Nothing is older than this (unix ms): a span that ends now begins no earlier. */
  since?: number | undefined;
}

const least = 5 * 60_000; // what is shown of a server that was added just now

/**
 * The series of a server or cluster over a span, moving on with every poll unless the span is fixed. The
 * span is that of the first render: a component that shows another one gets another key.
 */
export function useHistory({ server, of = "servers", metrics, span, since = 0 }: Options) {
  const names = metrics.join();
  const moving = typeof span === "number";
  const [opened] = useState(() => Date.now());
  const [now, setNow] = useState(opened);
  const length = moving ? span : span.to - span.from;
  const begin = moving ? opened - length : span.from;
  const shown: Span = useMemo(
    () =>
      moving
        ? { from: Math.max(now - length, Math.min(since, now - least)), to: now }
        : { from: begin, to: begin + length },
    [moving, now, length, begin, since],
  );
  const step = stepOf({ from: begin, to: begin + length });
  const query = useQuery(
    api.queryOptions(
      "get",
      `/api/v1/${of}/{id}/metrics` as "/api/v1/servers/{id}/metrics", // both answer alike
      {
        params: {
          path: { id: server },
          // A moving span has no end, so that fetching it again after a pause fills the pause.
          query: {
            names: names.split(","),
            from: iso(begin),
            ...(!moving && { to: iso(begin + length) }),
            step: String(step),
          },
        },
      },
      { enabled: server !== "", gcTime: 60_000 },
    ),
  );
  const [added, setAdded] = useState<readonly History[]>([]);
  const take = useCallback(
    (samples: Samples) => {
      setAdded((before) => extend(before, samples, samples.at - length));
      setNow(Math.max(samples.at, Date.now()));
    },
    [length],
  );
  useSamples(moving && server ? metrics.map((name) => `${server}|${name}`) : [], take);
  const fetched = query.data?.series as readonly History[] | undefined;
  const series = useMemo(() => merge(fetched ?? [], added, shown.from), [fetched, added, shown.from]);
  return { series, shown, step, query };
}

const iso = (at: number) => new Date(at).toISOString();

function merge(fetched: readonly History[], added: readonly History[], from: number): History[] {
  const extra = new Map(added.map((series) => [key(series.metric, series.labels), series]));
  const out: History[] = fetched.map((series) => {
    const id = key(series.metric, series.labels);
    const more = extra.get(id);
    extra.delete(id);
    const last = series.points[series.points.length - 1]?.[0] ?? 0;
    const fresh = more?.points.filter((point) => point[0] > last) ?? [];
    return { ...series, points: [...series.points.filter((point) => point[0] >= from), ...fresh] };
  });
  return [...out, ...extra.values()];
}
