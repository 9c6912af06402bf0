// How much there is of what can be limited, as people read it.
import type { Usage, UsageKind } from "../api/types";
import { bytes, number } from "../ui/format";
import { type Look, looks } from "../ui/mark";

/** Everything that is counted, in its order. */
export const usageKinds: readonly UsageKind[] = [
  "servers",
  "clusters",
  "users",
  "series",
  "storage_bytes",
  "api_calls_hour",
];

const near = 0.9;

/** How full it is; nothing where there is no limit. */
export function fill({ used, limit }: Usage): number | null {
  if (limit === null) return null;
  return limit > 0 ? used / limit : 1;
}

/** Whether there is room. */
export function room(usage: Usage): "ok" | "near" | "over" {
  const ratio = fill(usage);
  if (ratio === null || ratio < near) return "ok";
  return usage.used > (usage.limit ?? 0) ? "over" : "near";
}

/** The look of what is nearly or altogether full. */
export function fullLook(usage: Usage): Look | undefined {
  const state = room(usage);
  if (state === "ok") return undefined;
  return state === "over" ? looks.critical : looks.warning;
}

/** 1.2 GiB, or 40. */
export const usageText = (kind: UsageKind, n: number): string =>
  kind === "storage_bytes" ? bytes(n) : number(n);
