import { useMemo } from "react";

import { api } from "../../api/client";
import type { Alert, Metric, Threshold } from "../../api/types";

const noMetrics: readonly Metric[] = [];
const noThresholds: readonly Threshold[] = [];

/** The thresholds by their id, and the metrics they are about. */
export function useRules() {
  const thresholds =
    api.useQuery("get", "/api/v1/thresholds", { params: { query: { limit: 200 } } }).data?.items ??
    noThresholds;
  const metrics = api.useQuery("get", "/api/v1/thresholds/metrics").data?.items ?? noMetrics;
  return useMemo(
    () => ({ metrics, rule: (alert: Alert) => thresholds.find((each) => each.id === alert.threshold_id) }),
    [thresholds, metrics],
  );
}

/** What `useRules` returns. */
export type Rules = ReturnType<typeof useRules>;

/** How the alerts are told apart in one word. */
export type Word = "firing" | "pending" | "resolved" | "acknowledged" | "snoozed" | "stale";

/** The one word that says most about an alert now. */
export function wordOf(alert: Alert, now: number): Word {
  if (alert.state === "resolved") return "resolved";
  if (alert.snoozed_until && Date.parse(alert.snoozed_until) > now) return "snoozed";
  if (alert.acknowledged_at) return "acknowledged";
  if (alert.stale_since) return "stale";
  return alert.state;
}
