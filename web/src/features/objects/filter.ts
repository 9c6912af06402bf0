// What the list of objects is narrowed to, as its address says it. All of it is pure.
import type { ObjectStatus } from "./types";

/** What the rows may be ordered by. */
const sorts = ["name", "age", "status", "restarts", "node", "cpu", "memory"] as const;

type SortKey = (typeof sorts)[number];

/** The statuses in the order they are offered. */
export const statuses = ["critical", "warning", "progress", "ok", "none"] as const;

/** The filter of the list of objects. */
export interface Filter {
  kind: string;
  clusters: readonly string[];
  namespaces: readonly string[];
  q: string;
  labels: string;
  fields: string;
  sort: SortKey;
  desc: boolean;
}

const list = (text: string | null): readonly string[] => (text ? text.split(",").filter(Boolean) : []);

/** Reads the filter out of an address. */
export function readFilter(url: URLSearchParams): Filter {
  const order = url.get("sort") ?? "";
  const by = order.replace(/^-/, "");
  return {
    kind: url.get("kind") || "pods",
    clusters: list(url.get("clusters")),
    namespaces: list(url.get("namespaces")),
    q: url.get("q") ?? "",
    labels: url.get("labels") ?? "",
    fields: url.get("fields") ?? "",
    sort: sorts.find((each) => each === by) ?? "name",
    desc: order.startsWith("-"),
  };
}

/** What the address says of an order; the usual one is left out. */
export const sortText = (by: string, desc: boolean): string | undefined =>
  by === "name" && !desc ? undefined : `${desc ? "-" : ""}${by}`;

/** What the server is asked for. */
export const queryOf = ({ kind, clusters, namespaces, q, labels, fields, sort, desc }: Filter) => ({
  kind,
  sort,
  ...(clusters.length > 0 && { clusters: clusters.join() }),
  ...(namespaces.length > 0 && { namespaces: namespaces.join() }),
  ...(q && { q }),
  ...(labels && { labels }),
  ...(fields && { fields }),
  ...(desc && { descending: true }),
});

/** The question to the server. */
export type Query = ReturnType<typeof queryOf>;

// Parts of a selector; a comma within the brackets of "env in (a, b)" parts nothing.
const parts = (text: string): string[] =>
  text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter(Boolean);

/** The single conditions of a label selector. */
export const labelParts = parts;

/** A selector with a condition more, or without it if it was there. */
export function toggled(selector: string, part: string): string {
  const all = parts(selector);
  return (all.includes(part) ? all.filter((each) => each !== part) : [...all, part]).join(",");
}

const statusPart = /^status=(\w+)$/;

/** The status that the fields name. */
export function statusOf(fields: string): ObjectStatus | undefined {
  for (const part of parts(fields)) {
    const status = statuses.find((each) => each === statusPart.exec(part)?.[1]);
    if (status) return status;
  }
  return undefined;
}

/** The fields with another status, or with none. */
export function withStatus(fields: string, status: ObjectStatus | undefined): string {
  const others = parts(fields).filter((part) => !statusPart.test(part));
  return [...(status ? [`status=${status}`] : []), ...others].join(",");
}

/** Conditions on fields beside the status. */
export const otherFields = (fields: string): string[] =>
  parts(fields).filter((part) => !statusPart.test(part));

/** Whether anything narrows the list. */
export const narrows = ({ q, labels, fields, namespaces }: Filter): boolean =>
  q !== "" || labels !== "" || fields !== "" || namespaces.length > 0;
