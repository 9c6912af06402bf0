// What a restore would change, as a person looks at it: by tenant, the telling part first.
import type { Difference } from "./types";

// Tables that grow all the time: that they differ says nothing.
const always: ReadonlySet<string> = new Set([
  "alert_events",
  "audit",
  "audit_anchors",
  "backup",
  "chunks",
  "deliveries",
  "drills",
  "jobs",
  "journal",
  "series",
  "server_states",
  "sessions",
  "snapshot_sections",
  "snapshots",
  "usage",
  "windows",
]);

// What a person looks for first.
const first = ["tenants", "servers", "users", "memberships", "settings", "alerts", "thresholds", "channels"];

const rank = ({ table }: Difference): number => {
  const at = first.indexOf(table);
  return at < 0 ? first.length : at;
};

/** What would change for one tenant; the empty one is the appliance itself. */
export interface TenantDifferences {
  tenant: string;
  rows: Difference[];
}

/** What would change. */
export interface Grouped {
  /** What tells something, by tenant. */
  telling: TenantDifferences[];
  /** What always differs, one line a table, all tenants together. */
  always: Difference[];
}

const add = (a: Difference["appear"], other: Difference["appear"]): Difference["appear"] => ({
  n: a.n + other.n,
  examples: [...a.examples, ...other.examples].slice(0, 3),
});

function merged(rows: readonly Difference[]): Difference[] {
  const all = new Map<string, Difference>();
  for (const row of rows) {
    const before = all.get(row.table);
    all.set(
      row.table,
      before
        ? {
            ...before,
            appear: add(before.appear, row.appear),
            vanish: add(before.vanish, row.vanish),
            change: add(before.change, row.change),
          }
        : { ...row, tenant: "" },
    );
  }
  return [...all.values()];
}

// The appliance's own slug and what no tenant owns are one thing to a person.
const ownerOf = ({ tenant }: Difference) => (tenant === "system" ? "" : tenant);

const byRank = (a: Difference, other: Difference) =>
  rank(a) - rank(other) || a.table.localeCompare(other.table);

/** Groups differences. With `apart` false there is one household, and no tenants to tell apart. */
export function grouped(differences: readonly Difference[], apart: boolean): Grouped {
  const telling = differences.filter(({ table }) => !always.has(table));
  const owners = new Map<string, Difference[]>();
  for (const row of telling) {
    const owner = apart ? ownerOf(row) : "";
    owners.set(owner, [...(owners.get(owner) ?? []), row]);
  }
  return {
    telling: [...owners]
      .map(([tenant, rows]) => ({ tenant, rows: merged(rows).sort(byRank) }))
      .sort((a, other) => Number(!a.tenant) - Number(!other.tenant) || a.tenant.localeCompare(other.tenant)),
    always: merged(differences.filter(({ table }) => always.has(table))).sort(byRank),
  };
}
