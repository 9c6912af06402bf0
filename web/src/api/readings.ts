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

/** The figures of one poll. What it did not bring is left out. */
export function figures({ at, points }: Samples): Figures {
  const one = new Map<string, number>();
  const used = new Map<string, number>();
  const out: Figures = { at: new Date(at).toISOString() };
  for (const { metric, labels, value } of points) {
    const mount = labels?.["mountpoint"];
    if (metric === "node_disk_used_bytes" && mount !== undefined) used.set(mount, value);
    else if (metric === "node_temperature_celsius")
      out.temperature_c = Math.max(out.temperature_c ?? value, value);
    else if (!labels || Object.keys(labels).length === 0) one.set(metric, value);
  }
  for (const { metric, labels, value } of points) {
    const mount = labels?.["mountpoint"];
    if (metric !== "node_disk_size_bytes" || mount === undefined || value <= 0) continue;
    const ratio = (used.get(mount) ?? 0) / value;
    if (out.disk_ratio == null || ratio > out.disk_ratio)
      Object.assign(out, { disk_ratio: ratio, disk_mount: mount });
  }
  const [cpu, memory, total, load, up] = [metrics[0], metrics[1], metrics[2], metrics[3], metrics[7]].map(
    (name) => one.get(name ?? ""),
  );
  if (cpu !== undefined) out.cpu_ratio = cpu;
  if (memory !== undefined && total)
    Object.assign(out, { memory_used_bytes: memory, memory_ratio: memory / total });
  if (load !== undefined) out.load1 = load;
  if (up !== undefined) out.uptime_s = up;
  return out;
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
