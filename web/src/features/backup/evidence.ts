/** One table of a restored database, as it was compared. */
interface Compared {
  table: string;
  rows: number;
  digest: string;
}

/** What a restore for trial found. */
export interface Evidence {
  moment: string;
  tables: Compared[];
  /** The secret that was opened. */
  opened: string;
  /** Where a copy went, under which name, and its digest. */
  place: string;
  name: string;
  sha256: string;
}

const text = (of: object, name: string): string => {
  const value: unknown = (of as Record<string, unknown>)[name];
  return typeof value === "string" ? value : "";
};

function isCompared(row: unknown): row is Compared {
  return typeof row === "object" && row !== null && text(row, "table") !== "" && "rows" in row;
}

/** The evidence of a drill, which the API hands on as it was kept, by whichever version kept it. */
export function evidenceOf(kept: unknown): Evidence {
  const of = typeof kept === "object" && kept !== null ? kept : {};
  const tables: unknown = (of as { tables?: unknown }).tables;
  return {
    moment: text(of, "moment"),
    tables: Array.isArray(tables) ? tables.filter(isCompared) : [],
    opened: text(of, "opened"),
    place: text(of, "place"),
    name: text(of, "name"),
    sha256: text(of, "sha256"),
  };
}
