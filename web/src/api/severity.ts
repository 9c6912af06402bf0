import type { Server } from "./types";

/** A server as people see it: whether it answers, and if it does, whether an alert is open. */
export type ServerLook = "up" | "down" | "untrusted" | "unknown" | "stale" | "warning" | "critical";

// A server that answers every few seconds and has not for this long is shown with old figures.
const late = 4;
const least = 120;

/** The look of a server, worst first: what keeps it from being watched, then its alerts. */
export function lookOf(
  server: Pick<Server, "state" | "alerts" | "last_seen" | "poll_seconds">,
  now: number,
): ServerLook {
  if (server.state !== "up") return server.state;
  if (server.alerts.critical > 0) return "critical";
  if (server.alerts.warning > 0) return "warning";
  const patience = Math.max(least, (server.poll_seconds ?? 0) * late) * 1000;
  if (server.last_seen && now - Date.parse(server.last_seen) > patience) return "stale";
  return "up";
}

const order: readonly ServerLook[] = ["critical", "down", "warning", "untrusted", "stale", "unknown", "up"];

/** Trouble first. */
export const trouble = (look: ServerLook): number => order.indexOf(look);
