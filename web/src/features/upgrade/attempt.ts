import type { Attempt, Report } from "./types";

/** What an upgrade goes through until it has ended, in this order. */
export const phases = ["staged", "trial", "ready", "good"] as const;

/** Whether it has not come to its end. */
export const underWay = (last: Attempt | undefined): boolean =>
  last !== undefined && last.phase !== "done" && last.phase !== "failed";

/** Whether the version that runs is there because another one did not stay. */
export const putBack = ({ last, version }: Report): boolean =>
  last?.phase === "failed" && last.from.version === version.version && last.to.version !== version.version;

/** Why nothing can be taken in here, in short. */
export function closed({ blocked, keys }: Report): "blocked" | "key" | undefined {
  if (blocked) return "blocked";
  return keys.length === 0 ? "key" : undefined;
}
