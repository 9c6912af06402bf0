// The newest figures of every server: what its list brought, and on top of that what polls
// have brought since. Rows read from here, so that a poll redraws one row and no list.
import { useCallback, useSyncExternalStore } from "react";

import { type Samples, useSamples } from "./live";
import type { Server, ServerReadings } from "./types";

type Figures = Partial<ServerReadings>;

const newest = new Map<string, Figures>();
const watchers = new Map<string, Set<() => void>>();

/** What lists show of a server, as the stream names it. */
const metrics = [
  "node_cpu_usage_ratio",
  "node_memory_used_bytes",
  "node_memory_total_bytes",
  "node_load1",
  "node_disk_used_bytes",
  "node_disk_size_bytes",
  "node_temperature_celsius",
  "node_uptime_seconds",
];

type Points = Samples["points"];

/** The value of a metric that has no labels. */
const plain = (points: Points, metric: string) =>
  points.find((point) => point.metric === metric && Object.keys(point.labels ?? {}).length === 0)?.value;

function fullest(points: Points): Figures {
  const used = new Map(
    points.filter((p) => p.metric === "node_disk_used_bytes").map((p) => [p.labels?.["mountpoint"], p.value]),
  );
  let out: Figures = {};
  for (const { metric, labels, value } of points) {
    const mount = labels?.["mountpoint"];
    const full = used.get(mount);
    if (metric !== "node_disk_size_bytes" || mount === undefined || full === undefined || value <= 0)
      continue;
    if (full / value > (out.disk_ratio ?? -1)) out = { disk_ratio: full / value, disk_mount: mount };
  }
  return out;
}

function hottest(points: Points): Figures {
  const heat = points
    .filter((point) => point.metric === "node_temperature_celsius")
    .map((point) => point.value);
  return heat.length > 0 ? { temperature_c: Math.max(...heat) } : {};
}

function memory(points: Points): Figures {
  const used = plain(points, "node_memory_used_bytes");
  const total = plain(points, "node_memory_total_bytes");
  return used !== undefined && total ? { memory_used_bytes: used, memory_ratio: used / total } : {};
}

/** The figures of one poll. What it did not bring is left out. */
export function figures({ at, points }: Samples): Figures {
  const cpu = plain(points, "node_cpu_usage_ratio");
  const load = plain(points, "node_load1");
  const up = plain(points, "node_uptime_seconds");
  return {
    at: new Date(at).toISOString(),
    ...(cpu !== undefined && { cpu_ratio: cpu }),
    ...(load !== undefined && { load1: load }),
    ...(up !== undefined && { uptime_s: up }),
    ...memory(points),
    ...fullest(points),
    ...hottest(points),
  };
}

function take(samples: Samples): void {
  newest.set(samples.server_id, { ...newest.get(samples.server_id), ...figures(samples) });
  for (const tell of watchers.get(samples.server_id) ?? []) tell();
}

/** Keeps the figures of these servers fresh while the page is open; "*" for all. */
export function useFreshReadings(servers: readonly string[]): void {
  useSamples(
    servers.flatMap((server) => metrics.map((metric) => `${server}|${metric}`)),
    take,
  );
}

/** When a server last answered: what its list says, or a poll since. */
export function lastSeen({ id, last_seen }: Pick<Server, "id" | "last_seen">): string | null {
  const polled = newest.get(id)?.at;
  return polled && (!last_seen || polled > last_seen) ? polled : last_seen;
}

const nothing: Figures = {};

/** The newest figures of a server. */
export function useReadings(server: Pick<Server, "id" | "readings">): ServerReadings {
  const { id, readings } = server;
  const subscribe = useCallback(
    (tell: () => void) => {
      const all = watchers.get(id) ?? new Set();
      watchers.set(id, all.add(tell));
      return () => void all.delete(tell);
    },
    [id],
  );
  const live = useSyncExternalStore(subscribe, () => newest.get(id) ?? nothing);
  // A list fetched after the last poll knows better.
  return live.at && (!readings.at || live.at > readings.at) ? { ...readings, ...live } : readings;
}
