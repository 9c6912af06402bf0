// From the series that polls bring to what a chart draws. All functions are pure.
import type { History } from "../../api/history";
import type { ChartSeries } from "../../ui/Chart";
import { type Point, rates } from "../../ui/series";

/** Everything the charts of a server are drawn from. */
export const metrics = [
  "node_cpu_usage_ratio",
  "node_memory_used_bytes",
  "node_memory_total_bytes",
  "node_swap_used_bytes",
  "node_swap_total_bytes",
  "node_load1",
  "node_load5",
  "node_load15",
  "node_disk_used_bytes",
  "node_disk_size_bytes",
  "node_disk_read_bytes_total",
  "node_disk_written_bytes_total",
  "node_network_receive_bytes_total",
  "node_network_transmit_bytes_total",
  "node_temperature_celsius",
];

const most = 4; // lines of one chart

const of = (all: readonly History[], metric: string) => all.filter((series) => series.metric === metric);

/** The points of a metric without labels. */
export const plain = (all: readonly History[], metric: string): readonly Point[] =>
  of(all, metric)[0]?.points ?? [];

/** One series as a part of another: used of total. Points without a partner at their time are left out. */
export function share(part: readonly Point[], whole: readonly Point[]): Point[] {
  const totals = new Map(whole);
  const out: Point[] = [];
  for (const [at, value] of part) {
    const total = totals.get(at);
    if (total) out.push([at, value / total]);
  }
  return out;
}

/** The sum of several series, time by time. */
export function sum(series: readonly (readonly Point[])[]): Point[] {
  if (series.length === 1 && series[0]) return [...series[0]];
  const totals = new Map<number, number>();
  for (const points of series)
    for (const [at, value] of points) totals.set(at, (totals.get(at) ?? 0) + value);
  return [...totals].sort(([a], [b]) => a - b);
}

/** Bridges, tunnels and containers carry the same bytes again. */
const physical = (name: string) => /^(en|eth|wl|ww|ib|usb|venet|hv)/.test(name);

/** What all real interfaces together carry, a second. */
export function traffic(all: readonly History[], metric: string): Point[] {
  const counted = of(all, metric).filter(({ labels }) => labels["interface"] !== "lo");
  const real = counted.filter(({ labels }) => physical(labels["interface"] ?? ""));
  return sum((real.length > 0 ? real : counted).map(({ points }) => rates(points)));
}

/** What all disks together read or write, a second. */
export const transfer = (all: readonly History[], metric: string): Point[] =>
  sum(of(all, metric).map(({ points }) => rates(points)));

const last = (points: readonly Point[]) => points[points.length - 1]?.[1] ?? 0;

/** How full every file system is, the fullest first. */
export function fullness(all: readonly History[]): ChartSeries[] {
  const sizes = new Map(
    of(all, "node_disk_size_bytes").map(({ labels, points }) => [labels["mountpoint"], points]),
  );
  return of(all, "node_disk_used_bytes")
    .map(({ labels, points }) => ({
      label: labels["mountpoint"] ?? "",
      points: share(points, sizes.get(labels["mountpoint"]) ?? []),
    }))
    .filter(({ points }) => points.length > 0)
    .sort((a, b) => last(b.points) - last(a.points))
    .slice(0, most);
}

/** Every sensor, the hottest first. */
export const heat = (all: readonly History[]): ChartSeries[] =>
  of(all, "node_temperature_celsius")
    .map(({ labels, points }) => ({ label: labels["sensor"] ?? "", points }))
    .sort((a, b) => last(b.points) - last(a.points))
    .slice(0, most);

/** A file system as it is now. */
export interface Mount {
  mount: string;
  used: number;
  size: number;
}

/** Every file system as it is now, by its mount point. */
export function mounts(all: readonly History[]): Mount[] {
  const sizes = new Map(
    of(all, "node_disk_size_bytes").map(({ labels, points }) => [labels["mountpoint"], last(points)]),
  );
  return of(all, "node_disk_used_bytes")
    .map(({ labels, points }) => ({
      mount: labels["mountpoint"] ?? "",
      used: last(points),
      size: sizes.get(labels["mountpoint"]) ?? 0,
    }))
    .sort((a, b) => (a.mount < b.mount ? -1 : 1));
}
