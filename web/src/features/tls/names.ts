import { type Look, looks } from "../../ui/mark";
import type { Name } from "./types";

/** How the certificate of a name is. */
export type NameState = "ok" | "asking" | "failed" | "late" | "ending" | "ended" | "none" | "never";

const day = 86_400_000;
const soon = 21 * day;

/** The look of each. */
export const faces: Record<NameState, Look> = {
  ok: looks.ok,
  asking: looks.running,
  failed: looks.failed,
  late: looks.warning,
  ending: looks.warning,
  ended: looks.critical,
  none: looks.pending,
  never: looks.pending,
};

/** Whether it stands for all names below it. */
export const isWildcard = (name: string): boolean => name.startsWith("*.");

/** Whether a newer certificate can be asked for here: not of what was brought, nor where none can be. */
export const isRenewable = ({ by, name }: Name): boolean =>
  by !== "manual" && !(by === "internal" && isWildcard(name));

/** Whether it is an address rather than a name. */
export const isAddress = (name: string): boolean => name.includes(":") || /^[\d.]+$/.test(name);

const failures = ({ attempt }: Name) => attempt?.failures ?? 0;

/** How the certificate of a name is at a moment, the worst first. */
export function stateOf(name: Name, now: number): NameState {
  if (name.stands_in) return failures(name) > 0 ? "failed" : "asking";
  const left = name.not_after === undefined ? 0 : Date.parse(name.not_after) - now;
  if (name.by === "internal") {
    if (left > 0) return "ok"; // however near its end: it is made anew when somebody asks for it
    return isWildcard(name.name) ? "never" : "none";
  }
  if (left <= 0) return "ended";
  if (failures(name) > 0) return "late";
  return left <= soon ? "ending" : "ok";
}

/** How many need somebody to look at them. */
export const troubled = (names: readonly Name[], now: number): number =>
  names.filter((name) => ["failed", "late", "ending", "ended"].includes(stateOf(name, now))).length;

/** Whether an authority is being asked for some of them. */
export const someAsked = (names: readonly Name[]): boolean =>
  names.some((name) => name.stands_in && failures(name) === 0);

/** Those with a host name, and the addresses of this box. */
export function parted(names: readonly Name[]): { named: Name[]; addresses: Name[] } {
  return {
    named: names.filter(({ name }) => !isAddress(name)),
    addresses: names.filter(({ name }) => isAddress(name)),
  };
}

/** A fingerprint in groups that an eye can follow. */
export function groups(fingerprint: string): string[] {
  const pairs = fingerprint.split(":");
  const all: string[] = [];
  for (let i = 0; i < pairs.length; i += 4) all.push(pairs.slice(i, i + 4).join(":"));
  return all;
}

/** How far it is with a name that an authority was asked for. */
export type Asked = "good" | "asking" | "failed" | "waits" | "refused";

/** The same, where `before` says when each was asked for last before. */
export function askedOf(name: Name, before: Readonly<Record<string, string>>): Asked {
  if (name.by !== "acme") return "refused";
  if (!name.stands_in) return "good";
  if (failures(name) === 0) return "asking";
  return name.attempt?.at === before[name.name] ? "waits" : "failed";
}

/** When each was asked for last. */
export const attemptsOf = (names: readonly Name[]): Record<string, string> =>
  Object.fromEntries(names.flatMap(({ name, attempt }) => (attempt ? [[name, attempt.at]] : [])));
