// What the address says of the list, and what is asked of the server for it. All of it is pure.
import { base } from "../../api/client";
import { fileHref } from "../../api/tenant";
import type { components } from "../../api/schema";

/** One row of the audit. */
export type Row = components["schemas"]["AuditRow"];

const minute = 60_000;
const day = 24 * 60 * minute;

/** How far back one looks, in milliseconds. */
const lengths = { hour: 60 * minute, day, week: 7 * day, month: 30 * day, all: 0 } as const;

/** One of them. */
export type Range = keyof typeof lengths;

/** All of them, the shortest first. */
export const ranges = Object.keys(lengths) as Range[];

/** How an attempt can end. */
export const results = ["done", "refused", "failed"] as const;

/** What the list is narrowed to. */
export interface Filter {
  q: string;
  actor: string;
  thing: string;
  result: Row["result"] | undefined;
  range: Range;
  scope: "here" | "system";
}

/** The filter that an address holds; what it misspells is not asked for. */
export const readFilter = (url: URLSearchParams): Filter => ({
  q: url.get("q") ?? "",
  actor: url.get("actor") ?? "",
  thing: url.get("thing") ?? "",
  result: results.find((each) => each === url.get("result")),
  range: ranges.find((each) => each === url.get("range")) ?? "all",
  scope: url.get("scope") === "system" ? "system" : "here",
});

/** Whether anything is left out. */
export const narrows = ({ q, actor, thing, result, range }: Filter): boolean =>
  Boolean(q || actor || thing || result || range !== "all");

/** Leaves nothing out. */
export const everything = {
  q: undefined,
  actor: undefined,
  thing: undefined,
  result: undefined,
  range: undefined,
};

/** What the server is asked. The same minute asks the same, so that an answer is found again. */
export function queryOf({ q, actor, thing, result, range }: Filter, now: number) {
  const from = Math.floor((now - lengths[range]) / minute) * minute;
  return {
    q: q || undefined,
    actor: actor || undefined,
    thing: thing || undefined,
    result,
    from: range === "all" ? undefined : new Date(from).toISOString(),
  };
}

/** Where the rows are downloaded: a link sends no header, so it names the tenant itself. */
export function exportHref(filter: Filter, now: number): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(queryOf(filter, now))) if (value) search.set(name, value);
  if (filter.scope === "system") search.set("tenant", "system");
  const text = search.toString();
  const path = `${base}/audit/export${text ? `?${text}` : ""}`;
  return filter.scope === "system" ? path : fileHref(path);
}
