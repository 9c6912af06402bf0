/** The parts of a snapshot, in the order they are offered. */
export const sections = [
  "hardware",
  "os",
  "disks",
  "network",
  "packages",
  "units",
  "ports",
  "users",
] as const;

/** One of them. */
export type Section = (typeof sections)[number];

/** Reads the part out of an address. */
export function sectionSearch(search: Record<string, unknown>): { section?: Section } {
  const section = sections.find((each) => each === search["section"]);
  return section && section !== "hardware" ? { section } : {};
}

/** The spans one may look back. */
export const ranges = ["1h", "6h", "24h", "7d"] as const;

/** One of them. */
export type Range = (typeof ranges)[number];

/** What the address says about time; anything else is left out. */
export interface RangeSearch {
  range?: Range;
  from?: number;
  to?: number;
}

/** Reads the span out of an address. */
export function rangeSearch(search: Record<string, unknown>): RangeSearch {
  const range = ranges.find((each) => each === search["range"]);
  const from = Number(search["from"]);
  const to = Number(search["to"]);
  return { ...(range && range !== "1h" && { range }), ...(from > 0 && to > from && { from, to }) };
}
