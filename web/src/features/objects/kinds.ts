// The kinds of objects, as they are chosen here. All of it is pure but what is remembered.
import { byLook } from "../../layout/kinds";
import type { KindState } from "./types";

/** The kinds of several clusters as one list, most looked for first. */
export function merged(lists: readonly (readonly KindState[])[]): KindState[] {
  const all = new Map<string, KindState>();
  for (const kind of lists.flat()) {
    const known = all.get(kind.name);
    all.set(kind.name, known ? { ...known, count: known.count + kind.count } : kind);
  }
  return [...all.values()].sort(byLook);
}

// How well a kind answers what was typed: 0 its short name, then its beginning, then anywhere; -1 not.
function fit(kind: KindState, text: string): number {
  if (kind.short_names.includes(text) || kind.resource === text) return 0;
  const low = kind.kind.toLowerCase();
  if (low.startsWith(text) || kind.resource.startsWith(text)) return 1;
  return low.includes(text) || kind.name.includes(text) ? 2 : -1;
}

/** The kinds that answer what was typed, the best first. */
export function found(kinds: readonly KindState[], text: string): KindState[] {
  const low = text.trim().toLowerCase();
  if (!low) return [...kinds];
  return kinds
    .map((kind) => ({ kind, how: fit(kind, low) }))
    .filter(({ how }) => how >= 0)
    .sort((a, b) => a.how - b.how)
    .map(({ kind }) => kind);
}

const key = "unity-kinds";
const many = 5;

/** The kinds that were looked at last in this browser, newest first. */
export function recentKinds(): string[] {
  return (localStorage.getItem(key) ?? "").split(",").filter(Boolean);
}

/** Remembers that a kind was looked at. */
export function rememberKind(name: string): void {
  const all = [name, ...recentKinds().filter((each) => each !== name)];
  localStorage.setItem(key, all.slice(0, many).join());
}

/** A name for a kind that no cluster has told about: "deployments" of deployments.apps. */
export const plainName = (name: string): string => name.split(".")[0] ?? name;
