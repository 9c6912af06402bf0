// A threshold and its values as people read them.
import type { Metric, Threshold } from "../api/types";
import { t } from "../locales";
import { bytes, duration, none, number } from "../ui/format";

const gap = "\u00a0";
const events: readonly string[] = Object.keys(t.thresholds.events);

/** Whether the threshold is about something that happens, so that its value says nothing. */
export const isEvent = (metric: string): metric is keyof typeof t.thresholds.events =>
  events.includes(metric);

/** The unit of a metric, by the list of those that are known or by its name. */
export function unitOf(metric: string, known: readonly Metric[]): string {
  const found = known.find((each) => each.metric === metric);
  if (found) return found.unit;
  if (metric.endsWith("_bytes")) return "B";
  if (metric.endsWith("_seconds")) return "s";
  return metric.endsWith("_celsius") ? "°C" : "";
}

/** 88 %, 3.7 GiB, 12.4. */
export function amount(value: number | null | undefined, unit: string): string {
  if (value == null) return none;
  if (unit === "B") return bytes(value);
  if (unit === "s") return duration(value);
  const size = Math.abs(value);
  const places = size >= 1 ? 10 : 100;
  const text = size >= 1000 ? number(value) : String(Math.round(value * places) / places);
  return unit ? text + gap + unit : text;
}

/** "> 90 %" */
export function limitText(threshold: Threshold, known: readonly Metric[]): string {
  if (isEvent(threshold.metric)) return "";
  return (
    t.thresholds.signs[threshold.condition] + gap + amount(threshold.value, unitOf(threshold.metric, known))
  );
}

/** "Memory > 90 % for 5 min" */
export function ruleText(threshold: Threshold, known: readonly Metric[]): string {
  const title = known.find((each) => each.metric === threshold.metric)?.title ?? threshold.metric;
  const what = isEvent(threshold.metric)
    ? t.thresholds.events[threshold.metric]
    : `${title} ${limitText(threshold, known)}`;
  return threshold.for_seconds > 0
    ? `${what} ${t.thresholds.forText(duration(threshold.for_seconds))}`
    : what;
}
