import { lastSeen } from "./readings";
import type { Server } from "./types";

/** A server as people see it: whether it answers, and if it does, whether an alert is open. */
export type ServerLook = "up" | "down" | "untrusted" | "unknown" | "stale" | "warning" | "critical";

// A server is shown with old figures when four polls are missing; one that is polled as the
// settings say is given five minutes.
const missing = 4;
const standard = 300;

/**
 * The look of a server, worst first: what keeps it from being watched, then its alerts. It
 * counts with the polls that have come since the server was fetched.
 */
export function lookOf(
  server: Pick<Server, "id" | "state" | "alerts" | "last_seen" | "poll_seconds">,
  now: number,
): ServerLook {
  if (server.state !== "up") return server.state;
  if (server.alerts.critical > 0) return "critical";
  if (server.alerts.warning > 0) return "warning";
  const seen = lastSeen(server);
  const patience = server.poll_seconds > 0 ? Math.max(60, server.poll_seconds * missing) : standard;
  return seen && now - Date.parse(seen) > patience * 1000 ? "stale" : "up";
}

const order: readonly ServerLook[] = ["critical", "down", "warning", "untrusted", "stale", "unknown", "up"];

/** Trouble first. */
export const trouble = (look: ServerLook): number => order.indexOf(look);
