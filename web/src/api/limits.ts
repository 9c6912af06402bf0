import type { ChartLimit } from "../ui/Chart";
import { type Look, looks } from "../ui/mark";
import type { Threshold } from "./types";

/** What a threshold can be drawn on. */
export type Measure =
  | "cpu"
  | "memory"
  | "swap"
  | "disk"
  | "load"
  | "temperature"
  | "receive"
  | "transmit"
  | "read"
  | "write";

// The names by which thresholds know a measure, and what their figures are multiplied with
// to be in the unit of the page: ratios, bytes a second, degrees.
const names: Record<Measure, Readonly<Record<string, number>>> = {
  cpu: { cpu_percent: 0.01, node_cpu_usage_ratio: 1 },
  memory: { memory_percent: 0.01 },
  swap: { swap_percent: 0.01 },
  disk: { disk_percent: 0.01 },
  load: { load1: 1, node_load1: 1 },
  temperature: { temperature_c: 1, node_temperature_celsius: 1 },
  receive: { network_received_mb_s: 1e6 },
  transmit: { network_sent_mb_s: 1e6 },
  read: { disk_read_mb_s: 1e6 },
  write: { disk_write_mb_s: 1e6 },
};

/** A threshold in the unit of the page. */
export interface Limit {
  value: number;
  severity: Threshold["severity"];
}

/** The limits in force for one measure of one server: those of its own, of its tags, and of all. */
export function limitsOf(
  thresholds: readonly Threshold[],
  server: { id: string; tags: readonly string[] },
  measure: Measure,
): Limit[] {
  const out: Limit[] = [];
  for (const { enabled, server_id, tag, metric, condition, value, severity } of thresholds) {
    const factor = names[measure][metric];
    if (!enabled || factor === undefined || (condition !== "gt" && condition !== "gte")) continue;
    if (server_id ? server_id !== server.id : tag !== "" && !server.tags.includes(tag)) continue;
    out.push({ value: Number((value * factor).toPrecision(12)), severity });
  }
  return out.sort((a, b) => a.value - b.value);
}

/** The limits as lines of a chart. */
export const lines = (limits: readonly Limit[], format: (value: number) => string): ChartLimit[] =>
  limits.map(({ value, severity }) => ({ value, look: severity, label: format(value) }));

/** How a value over a limit looks: the worst limit it has passed. */
export function passed(value: number | null | undefined, limits: readonly Limit[]): Look | undefined {
  if (value == null) return undefined;
  const over = limits.filter((limit) => value > limit.value).map((limit) => limit.severity);
  if (over.includes("critical")) return looks.critical;
  if (over.includes("warning")) return looks.warning;
  return undefined;
}
