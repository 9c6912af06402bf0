// What a threshold watches, as the series that polls bring. All functions are pure.
import type { History } from "../../api/history";
import { type Point, rates } from "../../ui/series";

interface Measure {
  of: string;
  /** The metric it is a share of. */
  whole?: string;
  rate?: boolean;
  factor: number;
}

const presets: Readonly<Record<string, Measure>> = {
  cpu_percent: { of: "node_cpu_usage_ratio", factor: 100 },
  memory_percent: { of: "node_memory_used_bytes", whole: "node_memory_total_bytes", factor: 100 },
  swap_percent: { of: "node_swap_used_bytes", whole: "node_swap_total_bytes", factor: 100 },
  disk_percent: { of: "node_disk_used_bytes", whole: "node_disk_size_bytes", factor: 100 },
  disk_read_mb_s: { of: "node_disk_read_bytes_total", rate: true, factor: 1e-6 },
  disk_write_mb_s: { of: "node_disk_written_bytes_total", rate: true, factor: 1e-6 },
  network_received_mb_s: { of: "node_network_receive_bytes_total", rate: true, factor: 1e-6 },
  network_sent_mb_s: { of: "node_network_transmit_bytes_total", rate: true, factor: 1e-6 },
  temperature_c: { of: "node_temperature_celsius", factor: 1 },
  load1: { of: "node_load1", factor: 1 },
  processes: { of: "node_processes", factor: 1 },
  cluster_volume_percent: { of: "kube_volume_used_ratio", factor: 100 },
  cluster_certificate_days: { of: "kube_certificate_left_seconds", factor: 1 / 86_400 },
  cluster_cpu_percent: { of: "kube_cpu_used_cores", whole: "kube_cpu_allocatable_cores", factor: 100 },
  cluster_cpu_requested_percent: {
    of: "kube_cpu_requested_cores",
    whole: "kube_cpu_allocatable_cores",
    factor: 100,
  },
  cluster_memory_percent: {
    of: "kube_memory_used_bytes",
    whole: "kube_memory_allocatable_bytes",
    factor: 100,
  },
  cluster_memory_requested_percent: {
    of: "kube_memory_requested_bytes",
    whole: "kube_memory_allocatable_bytes",
    factor: 100,
  },
};

const measureOf = (metric: string): Measure => presets[metric] ?? { of: metric, factor: 1 };

/** The series to ask for, to draw what a threshold watches. */
export function needed(metric: string): string[] {
  const { of, whole } = measureOf(metric);
  return whole ? [of, whole] : [of];
}

type Labels = Readonly<Record<string, string>>;

const fits = (series: History, metric: string, labels: Labels) =>
  series.metric === metric && Object.entries(labels).every(([name, value]) => series.labels[name] === value);

/** The value that a threshold sees, over time, in the threshold's unit. */
export function watched(metric: string, labels: Labels, all: readonly History[]): Point[] {
  const { of, whole, rate, factor } = measureOf(metric);
  const points = all.find((series) => fits(series, of, labels))?.points ?? [];
  if (rate) return rates(points).map(([at, value]) => [at, value * factor]);
  if (!whole) return points.map(([at, value]) => [at, value * factor]);
  const totals = new Map(all.find((series) => fits(series, whole, labels))?.points);
  return points.flatMap(([at, value]): Point[] => {
    const total = totals.get(at);
    return total ? [[at, (value / total) * factor]] : [];
  });
}
