// What the series of a cluster say, as figures and charts.
import type { History } from "../../api/history";
import type { ChartSeries } from "../../ui/Chart";
import type { Point } from "../../ui/series";

/** What is asked for. */
export const metrics = [
  "kube_cpu_used_cores",
  "kube_cpu_requested_cores",
  "kube_cpu_allocatable_cores",
  "kube_memory_used_bytes",
  "kube_memory_requested_bytes",
  "kube_memory_allocatable_bytes",
  "kube_pods",
  "kube_api_latency_seconds",
];

const none: readonly Point[] = [];

/** A series, by its metric and one label. */
export function plain(all: readonly History[], metric: string, status?: string): readonly Point[] {
  const found = all.find(
    (each) => each.metric === metric && (status === undefined || each.labels["status"] === status),
  );
  return found?.points ?? none;
}

/** The newest value of a series. */
export const newest = (points: readonly Point[]): number | undefined => points[points.length - 1]?.[1];

/** The sum of the series of a metric. */
export function sum(all: readonly History[], metric: string): Point[] {
  const at = new Map<number, number>();
  for (const series of all)
    if (series.metric === metric)
      for (const [time, value] of series.points) at.set(time, (at.get(time) ?? 0) + value);
  return [...at].sort(([a], [b]) => a - b);
}

const statuses = ["ok", "progress", "warning", "critical"] as const;

/** Pods by how they are; those that there never were are left out. */
export const pods = (
  all: readonly History[],
  labels: Record<(typeof statuses)[number], string>,
): ChartSeries[] =>
  statuses
    .map((status) => ({ label: labels[status], points: plain(all, "kube_pods", status) }))
    .filter(({ points }, i) => i === 0 || points.some(([, value]) => value));
