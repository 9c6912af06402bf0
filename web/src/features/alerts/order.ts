// Which alerts are shown, in which order, and how many there are. All functions are pure.
import type { Alert } from "../../api/types";

/** What alerts can be narrowed to. */
export const kinds = ["critical", "warning", "info", "stale"] as const;

/** One of them. */
export type Kind = (typeof kinds)[number];

const rank = { critical: 0, warning: 1, info: 2 } as const;

/** What an alert is about: a server or a cluster; empty for the appliance itself. */
export const about = ({ server_id, cluster_id }: Alert): string => server_id || cluster_id;

// What fires comes before what may fire soon.
const weight = ({ severity, state }: Alert) => rank[severity] + (state === "pending" ? 10 : 0);

/** Servers and clusters follow each other worst first, then newest; so do the alerts of one. */
export function byTarget(alerts: readonly Alert[]): Alert[] {
  const worst = new Map<string, number>();
  for (const alert of alerts) worst.set(about(alert), Math.min(worst.get(about(alert)) ?? 99, weight(alert)));
  const order = [...new Set(alerts.map(about))];
  const place = new Map(order.map((id, i) => [id, (worst.get(id) ?? 99) * 10_000 + i]));
  return [...alerts].sort(
    (a, b) => (place.get(about(a)) ?? 0) - (place.get(about(b)) ?? 0) || weight(a) - weight(b),
  );
}

const kindOf = ({ severity, stale_since }: Alert): Kind => (stale_since ? "stale" : severity);

/** How many there are of every kind. */
export function count(alerts: readonly Alert[]): Record<Kind, number> {
  const out = { critical: 0, warning: 0, info: 0, stale: 0 };
  for (const alert of alerts) out[kindOf(alert)]++;
  return out;
}

/** Those of one kind; of all, when none is chosen. */
export const only = (alerts: readonly Alert[], kind: Kind | undefined): readonly Alert[] =>
  kind ? alerts.filter((alert) => kindOf(alert) === kind) : alerts;
