// What the detail of a row says, as lines of a table. All of it is pure.

/** One field: what it was, what it is. */
interface Line {
  field: string;
  before: unknown;
  after: unknown;
}

/** A detail: what an update changed, or what was set, was there, or else is worth knowing. */
export interface Detail {
  kind: "changes" | "set" | "was" | "facts";
  lines: Line[];
}

/** What stands where a secret was. */
export const mask = "********";

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const sorted = (fields: Fields) => Object.entries(fields).toSorted(([a], [b]) => a.localeCompare(b));

/** Reads a detail as the server writes it. */
export function readDetail(detail: unknown): Detail {
  if (!isFields(detail)) return { kind: "facts", lines: [] };
  if (isFields(detail["changes"])) {
    const lines = sorted(detail["changes"]).map(([field, pair]) => {
      const [before, after] = Array.isArray(pair) ? (pair as unknown[]) : [undefined, pair];
      return { field, before, after };
    });
    return { kind: "changes", lines };
  }
  for (const kind of ["set", "was"] as const) {
    const fields = detail[kind];
    if (isFields(fields)) return { kind, lines: single(fields) };
  }
  return { kind: "facts", lines: single(detail) };
}

const single = (fields: Fields): Line[] =>
  sorted(fields).map(([field, after]) => ({ field, before: undefined, after }));

/** The name of a field as people read it: "Poll seconds", "Config › url". */
export function label(field: string): string {
  const text = field.replaceAll("_", " ").replaceAll(".", " › ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The name of the thing that was changed, if it has one. */
export const nameOf = (detail: unknown): string =>
  isFields(detail) && typeof detail["name"] === "string" ? detail["name"] : "";

/** What a row is about in a few words: the name of the thing, and the fields that changed. */
export function summary(detail: unknown): string {
  const { kind, lines } = readDetail(detail);
  if (kind === "changes") {
    const fields = lines.map(({ field }) => label(field).toLowerCase()).join(", ");
    return [nameOf(detail), fields].filter(Boolean).join(": ");
  }
  const name = lines.find(({ field }) => field === "name" || field === "username" || field === "comment");
  if (typeof name?.after === "string") return name.after;
  if (kind !== "facts") return "";
  return lines
    .map(({ after }) => after)
    .filter((value) => typeof value === "string")
    .join(", ");
}
