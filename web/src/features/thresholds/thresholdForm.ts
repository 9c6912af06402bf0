import type { Threshold, ThresholdChange, ThresholdDraft } from "../../api/types";

/** What the form of a threshold holds. */
export interface ThresholdFields {
  name: string;
  metric: string; // a known one, or "other"
  other: string;
  condition: Threshold["condition"];
  value: number;
  clear: number | undefined;
  for_seconds: number;
  severity: Threshold["severity"];
  scope: "all" | "tag" | "server";
  tag: string;
  server: string;
  told: "every" | "some";
  channels: string[];
}

/** The choice that asks for the name of a metric. */
export const other = "other";

/** A form with nothing in it. */
export const blank: ThresholdFields = {
  name: "",
  metric: "cpu_percent",
  other: "",
  condition: "gt",
  value: 90,
  clear: undefined,
  for_seconds: 300,
  severity: "warning",
  scope: "all",
  tag: "",
  server: "",
  told: "every",
  channels: [],
};

/** A form with what a threshold is. */
export function toFields(v: Threshold, known: readonly string[]): ThresholdFields {
  const listed = known.includes(v.metric);
  return {
    name: v.name,
    metric: listed ? v.metric : other,
    other: listed ? "" : v.metric,
    condition: v.condition,
    value: v.value,
    clear: v.clear_value ?? undefined,
    for_seconds: v.for_seconds,
    severity: v.severity,
    scope: v.server_id ? "server" : v.tag ? "tag" : "all",
    tag: v.tag,
    server: v.server_id ?? "",
    told: v.channel_ids ? "some" : "every",
    channels: v.channel_ids ?? [],
  };
}

/** What is sent to change one. */
export const toChange = (f: ThresholdFields) =>
  ({
    name: f.name.trim(),
    metric: f.metric === other ? f.other.trim() : f.metric,
    condition: f.condition,
    value: f.value,
    clear_value: f.clear ?? null,
    for_seconds: f.for_seconds,
    severity: f.severity,
    server_id: f.scope === "server" ? f.server : null,
    tag: f.scope === "tag" ? f.tag.trim() : "",
    channel_ids: f.told === "some" ? f.channels : null,
  }) satisfies ThresholdChange;

/** What is sent to change one about something that happens: what it is about stays. */
export function toEventChange(f: ThresholdFields): ThresholdChange {
  const { name, for_seconds, severity, channel_ids } = toChange(f);
  return { name, for_seconds, severity, channel_ids };
}

/** What is sent to make one: nothing says what is not wanted. */
export function toDraft(f: ThresholdFields): ThresholdDraft {
  const { clear_value, server_id, ...rest } = toChange(f);
  return {
    ...rest,
    ...(clear_value !== null && { clear_value }),
    ...(server_id !== null && { server_id }),
    enabled: true,
  };
}
